package dashboards

// columns24 is how wide Grafana's grid is.
const columns24 = 24

// gridPos is where something stands on Grafana's grid.
type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// layout places the titles of rows and, row by row, their panels from left to right, in as many lines as it takes.
func layout(rows []row) (titles []gridPos, panels [][]gridPos) {
	y := 0
	for _, r := range rows {
		titles = append(titles, gridPos{H: 1, W: columns24, X: 0, Y: y})
		y++
		var line []gridPos
		x := 0
		for _, p := range r.panels {
			width := p.width
			if width == 0 {
				width = columns24 / len(r.panels)
			}
			if x+width > columns24 {
				x, y = 0, y+r.height
			}
			line = append(line, gridPos{H: r.height, W: width, X: x, Y: y})
			x += width
		}
		panels = append(panels, line)
		y += r.height
	}
	return titles, panels
}
