package track

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"fleetman/services/internal/position"
)

type source struct {
	stored map[string]position.VehiclePosition
	err    error
	asked  int
}

func (s *source) LatestOf(_ context.Context, names []string) ([]position.VehiclePosition, error) {
	s.asked++
	var found []position.VehiclePosition
	for _, n := range names {
		if v, ok := s.stored[n]; ok {
			found = append(found, v)
		}
	}
	return found, s.err
}

var start = time.Date(2024, 1, 8, 10, 0, 0, 0, time.UTC)

// report is one of a vehicle that drives north by metres, at a second.
func report(name string, second, metres float64) position.Report {
	const degreesPerMetre = 1 / 111_300.0
	return position.Report{
		Vehicle: name, Lat: 53.375 + metres*degreesPerMetre, Long: -1.5,
		Time: position.NewTime(start.Add(time.Duration(second * float64(time.Second)))),
	}
}

func plan(t *testing.T, tr *Tracker, reports ...position.Report) *Plan {
	t.Helper()
	p, err := tr.Plan(t.Context(), reports)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func speed(t *testing.T, v position.VehiclePosition) float64 {
	t.Helper()
	if v.Speed == nil {
		t.Fatalf("%s at %s has no speed", v.Name, v.Timestamp)
	}
	return *v.Speed
}

func TestTheFirstReportHasNeitherSpeedNorHeading(t *testing.T) {
	p := plan(t, New(&source{}), report("Van", 0, 0))
	if v := p.Positions[0]; v.Speed != nil || v.Heading != nil || len(p.Latest) != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestSpeedAndHeadingComeFromThePreviousReport(t *testing.T) {
	tr := New(&source{})
	plan(t, tr, report("Van", 0, 0)).Remember()
	p := plan(t, tr, report("Van", 5, 153), report("Other", 5, 0), report("Van", 10, 0))
	if got := speed(t, p.Positions[0]); math.Abs(got-68.45) > 0.1 {
		t.Errorf("speed is %v, want 68.45", got)
	}
	if got := *p.Positions[0].Heading; got != 0 {
		t.Errorf("heading north is %v", got)
	}
	if got := *p.Positions[2].Heading; got != 180 {
		t.Errorf("heading south is %v", got)
	}
	if len(p.Latest) != 2 || p.Latest[0].Name != "Other" || p.Latest[1].Timestamp != report("Van", 10, 0).Time {
		t.Errorf("latest is %+v", p.Latest)
	}
}

func TestAStandingVehicleKeepsItsHeading(t *testing.T) {
	p := plan(t, New(&source{}), report("Van", 0, 100), report("Van", 5, 0), report("Van", 10, 0.3))
	last := p.Positions[2]
	if got := speed(t, last); got > 0.2 {
		t.Errorf("speed is %v", got)
	}
	if last.Heading == nil || *last.Heading != 180 {
		t.Errorf("heading is %v", last.Heading)
	}
}

func TestThePreviousReportIsReadFromTheSource(t *testing.T) {
	s := &source{stored: map[string]position.VehiclePosition{}}
	before := plan(t, New(s), report("Van", 0, 0)).Positions[0]
	s.stored["Van"] = before
	tr := New(s)
	s.asked = 0
	p := plan(t, tr, report("Van", 60, 1000))
	if got := speed(t, p.Positions[0]); math.Abs(got-37.28) > 0.1 {
		t.Errorf("speed is %v, want 37.28", got)
	}
	p.Remember()
	plan(t, tr, report("Van", 61, 1000))
	if s.asked != 1 {
		t.Errorf("the source was asked %d times, want once", s.asked)
	}
}

func TestPlanningAgainGivesTheSame(t *testing.T) {
	tr := New(&source{})
	plan(t, tr, report("Van", 0, 0)).Remember()
	var reports []position.Report
	for i := range 20 {
		reports = append(reports, report("Van", float64(i), float64(10*i)))
	}
	first, again := plan(t, tr, reports...), plan(t, tr, reports...)
	if !reflect.DeepEqual(first.Positions, again.Positions) || !reflect.DeepEqual(first.Latest, again.Latest) {
		t.Errorf("got\n%+v, then\n%+v", first.Positions, again.Positions)
	}
}

func TestADuplicateIsStoredOnceAndKeepsItsSpeed(t *testing.T) {
	tr := New(&source{})
	p := plan(t, tr, report("Van", 0, 0), report("Van", 60, 1000), report("Van", 60, 5000))
	if len(p.Positions) != 2 {
		t.Fatalf("%d positions, want 2", len(p.Positions))
	}
	p.Remember()
	again := plan(t, tr, report("Van", 60, 1000))
	if got := speed(t, again.Positions[0]); math.Abs(got-37.28) > 0.1 {
		t.Errorf("speed is %v, want 37.28", got)
	}
	if len(again.Latest) != 1 {
		t.Error("a redelivered latest position is not published again")
	}
}

func TestALateReportNeverMovesTheLatest(t *testing.T) {
	tr := New(&source{})
	plan(t, tr, report("Van", 0, 0), report("Van", 60, 1000)).Remember()
	p := plan(t, tr, report("Van", 30, 500))
	if len(p.Latest) != 0 {
		t.Errorf("latest moved: %+v", p.Latest)
	}
	if got := speed(t, p.Positions[0]); math.Abs(got-37.28) > 0.1 {
		t.Errorf("speed is %v, want 37.28 from the report before it", got)
	}
	p = plan(t, tr, report("Van", -30, 500))
	if p.Positions[0].Speed != nil || len(p.Latest) != 0 {
		t.Errorf("older than all: %+v", p)
	}
}

func TestASpeedIsAlwaysFiniteAndNotNegative(t *testing.T) {
	tr := New(&source{})
	for _, second := range []float64{0, 0, 0.001, -5, 3, 2, 2.999, 0} {
		p := plan(t, tr, report("Van", second, second*1000))
		for _, v := range p.Positions {
			if v.Speed != nil && !(*v.Speed >= 0 && *v.Speed < math.MaxFloat64) {
				t.Errorf("speed is %v", *v.Speed)
			}
		}
		p.Remember()
	}
}

func TestAFailingSourceFailsThePlan(t *testing.T) {
	broken := errors.New("broken")
	if _, err := New(&source{err: broken}).Plan(t.Context(), []position.Report{report("Van", 0, 0)}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestAReportFromTheFutureIsInvalid(t *testing.T) {
	for ahead, want := range map[time.Duration]bool{-time.Hour: true, MaxAhead: true, MaxAhead + time.Second: false} {
		err := CheckTime(position.Report{Time: position.NewTime(start.Add(ahead))}, start)
		if (err == nil) != want || err != nil && !errors.Is(err, position.ErrInvalid) {
			t.Errorf("%s ahead: %v", ahead, err)
		}
	}
}
