package node

import (
	"fmt"
	"os"
	"path/filepath"
)

// imported is where a node keeps, for each archive that it has imported, an empty file of the archive's name and time.
const imported = "var/lib/fleetman/imported"

// importChanged calls load for every archive in dir that is not yet marked, or is newer than its mark.
func importChanged(dir, marks string, load func(archive string) error) error {
	archives, err := filepath.Glob(filepath.Join(dir, "*.tar"))
	if err != nil {
		return fmt.Errorf("list images: %w", err)
	}
	if err := os.MkdirAll(marks, 0o755); err != nil {
		return fmt.Errorf("make marks directory: %w", err)
	}
	for _, archive := range archives {
		info, err := os.Stat(archive)
		if err != nil {
			return fmt.Errorf("look at image: %w", err)
		}
		mark := filepath.Join(marks, filepath.Base(archive))
		if m, err := os.Stat(mark); err == nil && m.ModTime().Equal(info.ModTime()) {
			continue
		}
		if err := load(archive); err != nil {
			return err
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return fmt.Errorf("mark image: %w", err)
		}
		if err := os.Chtimes(mark, info.ModTime(), info.ModTime()); err != nil {
			return fmt.Errorf("mark image: %w", err)
		}
	}
	return nil
}
