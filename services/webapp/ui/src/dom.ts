// The page's fixed elements, which index.html promises, and small changes to them.

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found;
}

export function input(id: string): HTMLInputElement {
  const found = element(id);
  if (!(found instanceof HTMLInputElement)) throw new Error(`index.html's #${id} is no input`);
  return found;
}

/** Writes text only where it differs: no needless layout, nothing for a screen reader to repeat. */
export function write(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function set(node: Element, attribute: string, value: string): void {
  if (node.getAttribute(attribute) !== value) node.setAttribute(attribute, value);
}

/** Shows the text, or hides its element when there is none. */
export function say(node: HTMLElement, text: string | null): void {
  node.hidden = text === null;
  write(node, text ?? "");
}
