package sse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"fleetman/services/internal/position"
)

// Broker holds the latest positions and the clients' signals.
type Broker struct {
	interval time.Duration
	metrics  *Metrics

	mu       sync.Mutex
	vehicles map[string]*vehicle
	names    []string          // of vehicles, sorted
	dirty    []*vehicle        // changed since the last event
	seq      uint64            // number of the last event
	loaded   bool              // there has been a snapshot
	next     chan struct{}     // closed with the next event
	wake     chan struct{}     // tells Run that there is something
	frames   map[uint64][]byte // of the last event: what to send to who has seen which
	snapshot []byte            // of the last event, once asked for
	clients  int
}

type vehicle struct {
	name string
	time time.Time
	json []byte // a vehicle position
	seq  uint64 // the event that carried it first; later than Broker.seq while dirty
}

// NewBroker returns a broker that sends at most one event per interval to a client.
func NewBroker(interval time.Duration, metrics *Metrics) *Broker {
	return &Broker{
		interval: interval, metrics: metrics,
		vehicles: make(map[string]*vehicle),
		next:     make(chan struct{}),
		wake:     make(chan struct{}, 1),
		frames:   make(map[uint64][]byte),
	}
}

// head is what the broker must know of a position; the rest it passes on as it is.
type head struct {
	Name string        `json:"name"`
	Time position.Time `json:"timestamp"`
}

// Load takes a snapshot: a JSON array of vehicle positions. Clients that wait for one get theirs.
func (b *Broker) Load(array []byte) error {
	if err := b.take(array, true); err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	return nil
}

// Publish takes positions that have changed: a JSON array.
func (b *Broker) Publish(array []byte) error {
	if err := b.take(array, false); err != nil {
		return fmt.Errorf("publish positions: %w", err)
	}
	return nil
}

func (b *Broker) take(array []byte, snapshot bool) error {
	var raws []json.RawMessage
	if err := json.Unmarshal(array, &raws); err != nil {
		return err
	}
	heads := make([]head, len(raws))
	for i, raw := range raws {
		if err := json.Unmarshal(raw, &heads[i]); err != nil {
			return err
		}
		if heads[i].Name == "" {
			return errors.New("a position without a name")
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if snapshot {
		b.loaded = true
	}
	for i, h := range heads {
		b.put(h, raws[i])
	}
	if len(b.dirty) > 0 || snapshot {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (b *Broker) put(h head, raw []byte) {
	v, ok := b.vehicles[h.Name]
	if !ok {
		v = &vehicle{name: h.Name}
		b.vehicles[h.Name] = v
		i, _ := slices.BinarySearch(b.names, h.Name)
		b.names = slices.Insert(b.names, i, h.Name)
	} else if !h.Time.After(v.time) {
		return
	}
	v.time = h.Time.Time
	v.json = oneLine(raw)
	if v.seq <= b.seq {
		b.dirty = append(b.dirty, v)
		v.seq = b.seq + 1
	}
}

// Reported returns how many vehicles there are whose latest position is not from before the time.
func (b *Broker) Reported(since time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, v := range b.vehicles {
		if !v.time.Before(since) {
			n++
		}
	}
	return n
}

// oneLine removes the line breaks that would end the data of an event.
func oneLine(raw []byte) []byte {
	if !bytes.ContainsAny(raw, "\r\n") {
		return raw
	}
	var buf bytes.Buffer
	if err := json.Compact(&buf, raw); err != nil {
		return raw // it was decoded before, so it compacts
	}
	return buf.Bytes()
}

// Run makes events until ctx ends.
func (b *Broker) Run(ctx context.Context) {
	for {
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
		b.cut()
		t := time.NewTimer(b.interval)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// cut makes an event of what is dirty and tells the clients.
func (b *Broker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	clear(b.frames)
	b.snapshot = nil
	if len(b.dirty) > 0 && b.clients > 0 {
		slices.SortFunc(b.dirty, func(x, y *vehicle) int { return strings.Compare(x.name, y.name) })
		b.frames[b.seq-1] = event("positions", b.seq, b.dirty)
	}
	b.dirty = nil
	close(b.next)
	b.next = make(chan struct{})
}

// frame returns what a client that has seen event seen must be sent, if anything, with the number it has seen then
// and the signal for the next event. Seen is 0 for a client that has had no snapshot.
func (b *Broker) frame(seen uint64) (data []byte, now uint64, next <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.loaded || b.seq == 0 || seen == b.seq:
		return nil, seen, b.next
	case seen == 0:
		return b.snapshotFrame(), b.seq, b.next
	}
	if missed := b.seq - seen - 1; missed > 0 {
		b.metrics.merged.Add(float64(missed))
	}
	if data, ok := b.frames[seen]; ok {
		return data, b.seq, b.next
	}
	var changed []*vehicle
	for _, name := range b.names {
		if v := b.vehicles[name]; v.seq > seen && v.seq <= b.seq {
			changed = append(changed, v)
		}
	}
	if len(changed) > 0 {
		data = event("positions", b.seq, changed)
	}
	b.frames[seen] = data
	return data, b.seq, b.next
}

// snapshotFrame includes what is dirty; the next event repeats that.
func (b *Broker) snapshotFrame() []byte {
	if b.snapshot == nil {
		all := make([]*vehicle, len(b.names))
		for i, name := range b.names {
			all[i] = b.vehicles[name]
		}
		b.snapshot = event("snapshot", b.seq, all)
	}
	return b.snapshot
}

func event(kind string, seq uint64, vehicles []*vehicle) []byte {
	size := 64
	for _, v := range vehicles {
		size += len(v.json) + 1
	}
	buf := bytes.NewBuffer(make([]byte, 0, size))
	buf.WriteString("id: ")
	buf.WriteString(strconv.FormatUint(seq, 10))
	buf.WriteString("\nevent: ")
	buf.WriteString(kind)
	buf.WriteString("\ndata: [")
	for i, v := range vehicles {
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.Write(v.json)
	}
	buf.WriteString("]\n\n")
	return buf.Bytes()
}

func (b *Broker) join(limit int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients >= limit {
		return false
	}
	b.clients++
	b.metrics.clients.Set(float64(b.clients))
	return true
}

func (b *Broker) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients--
	b.metrics.clients.Set(float64(b.clients))
}
