package brokerstats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fleetman/services/internal/queue"
)

// What ActiveMQ 6.3.1 answered.
const (
	queueBody = `{"map":{"entry":[{"string":"dequeueCount","long":4},{"string":"averageMessageSize","long":1033},` +
		`{"string":["brokerId","ID:vm-36445-1795483181640-0:1"]},{"string":"memoryUsage","long":6198},{"string":"consumerCount","long":1},` +
		`{"string":"minEnqueueTime","double":50},{"string":"memoryPercentUsage","int":0},{"string":"averageEnqueueTime","double":1915.75},` +
		`{"string":"messagesCached","long":0},{"string":"expiredCount","long":3},{"string":"inflightCount","long":2},` +
		`{"string":"maxEnqueueTime","double":3776},{"string":"dispatchCount","long":4},{"string":"size","long":6},` +
		`{"string":["destinationName","queue:\/\/positionQueue"]},{"string":"producerCount","long":0},{"string":"memoryLimit","long":67108864},` +
		`{"string":["brokerName","fleetman"]},{"string":"enqueueCount","long":10}]}}`
	brokerBody = `{"map":{"entry":[{"string":"averageMessageSize","long":1027},{"string":"minEnqueueTime","double":1},` +
		`{"string":"expiredCount","long":0},{"string":["stomp+ssl",""]},{"string":"inflightCount","long":1},{"string":["ssl",""]},` +
		`{"string":"tempUsage","long":0},{"string":"tempLimit","long":134217728},{"string":["stomp",""]},{"string":"storePercentUsage","int":25},` +
		`{"string":"dequeueCount","long":4},{"string":["brokerId","ID:vm-36445-1795483181640-0:1"]},{"string":"memoryUsage","long":67108864},` +
		`{"string":"consumerCount","long":4},{"string":"storeUsage","long":268435456},` +
		`{"string":["dataDirectory","\/opt\/apache-activemq\/data"]},{"string":"memoryPercentUsage","int":50},` +
		`{"string":"averageEnqueueTime","double":687.4666666666667},{"string":"messagesCached","long":0},{"string":"maxEnqueueTime","double":3776},` +
		`{"string":"dispatchCount","long":8},{"string":"size","long":42},` +
		`{"string":["openwire","tcp:\/\/localhost:61616?maximumConnections=1000&wireFormat.maxFrameSize=1048576"]},` +
		`{"string":["vm","vm:\/\/fleetman"]},{"string":"storeLimit","long":1073741824},{"string":"producerCount","long":0},` +
		`{"string":"memoryLimit","long":134217728},{"string":["brokerName","fleetman"]},{"string":"enqueueCount","long":73},` +
		`{"string":"tempPercentUsage","int":0}]}}`
	connectBody = `{"ConnectionInfo":{"commandId":0,"responseRequired":true,"connectionId":{"value":"ID:vm-36445-1795483181640-4:1"},` +
		`"clientId":"ID:vm-36445-1795483181640-4:1","clientIp":"x","userName":"fleet","password":"","brokerMasterConnector":false}}`
	disconnectBody = `{"RemoveInfo":{"commandId":0,"responseRequired":true,"objectId":{"@class":"ConnectionId",` +
		`"value":"ID:vm-36445-1795483181640-4:309"},"lastDeliveredSequenceId":-2}}`
)

// named is the queue's answer for a destination of another name.
func named(destination string) string {
	return strings.ReplaceAll(queueBody, `queue:\/\/positionQueue`, destination)
}

// script is a broker that answers with these messages.
type script []struct{ from, body string }

func (s script) Ask(_ context.Context, in queue.Inquiry, take func(string, queue.Message) (bool, error)) error {
	if in.Watch != connectionsTopic || !slices.Equal(in.Questions, []string{queuesQuestion, brokerQuestion}) {
		return fmt.Errorf("asked for %+v", in)
	}
	for _, m := range s {
		if last, err := take(m.from, queue.Message{Body: []byte(m.body)}); err != nil || last {
			return err
		}
	}
	return errors.New("the broker does not end")
}

func TestTheBrokersAnswersAreItsStatistics(t *testing.T) {
	got, err := Ask(t.Context(), script{
		{connectionsTopic, connectBody},
		{connectionsTopic, connectBody},
		{connectionsTopic, connectBody},
		{queuesQuestion, queueBody},
		{connectionsTopic, disconnectBody},
		{queuesQuestion, named("queue:\\/\\/positionQueue.DLQ")},
		{brokerQuestion, brokerBody},
		{connectionsTopic, connectBody}, // too late
	})
	if err != nil {
		t.Fatal(err)
	}
	q := Queue{Messages: 6, InFlight: 2, Consumers: 1, Enqueued: 10, Dequeued: 4, Expired: 3, Memory: Usage{6198, 64 << 20}}
	want := Statistics{
		Connections: 2, Memory: Usage{64 << 20, 128 << 20}, Store: Usage{256 << 20, 1 << 30}, Temp: Usage{0, 128 << 20},
		Queues: map[string]Queue{"positionQueue": q, "positionQueue.DLQ": q},
	}
	if fmt.Sprint(*got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
}

func TestOnlyQueuesOfSomebodysAreQueues(t *testing.T) {
	s := &Statistics{Queues: make(map[string]Queue)}
	for _, destination := range []string{
		`queue:\/\/a`, `queue:\/\/007`, `queue:\/\/ActiveMQ.DLQ`, `queue:\/\/a<b>&\"c\"\u0001`,
		`topic:\/\/positions`, `topic:\/\/ActiveMQ.Advisory.Connection`, `temp-queue:\/\/ID:vm-1:1`, `temp-topic:\/\/ID:vm-1:2`,
		`queue:\/\/ActiveMQ.Statistics.Broker`, `queue:\/\/ActiveMQ.Statistics.Destination.>`,
	} {
		if last, err := s.take(queuesQuestion, queue.Message{Body: []byte(named(destination))}); err != nil || last {
			t.Errorf("%s: last %t, %v", destination, last, err)
		}
	}
	want := []string{"007", "ActiveMQ.DLQ", "a", "a<b>&\"c\"\x01"}
	if got := slices.Sorted(maps.Keys(s.Queues)); !slices.Equal(got, want) {
		t.Errorf("queues %q, want %q", got, want)
	}
}

func TestAnAnswerThatIsNotWhatIsWantedIsNone(t *testing.T) {
	for name, test := range map[string]struct {
		from, body string
		want       []string
	}{
		"a queue without numbers": {
			queuesQuestion, `{"map":{"entry":[{"string":["destinationName","queue://a"]}]}}`,
			[]string{`queue "a"`, "size is missing", "consumerCount is missing", "memoryLimit is missing"},
		},
		"a number that is none":         {queuesQuestion, strings.Replace(queueBody, `"size","long":6`, `"size","double":6.5`, 1), []string{`size "6.5" is not a whole number`}},
		"no map of a queue":             {queuesQuestion, "", []string{"statistics of a queue"}},
		"no map of the broker":          {brokerQuestion, "<map></map>", []string{"statistics of the broker"}},
		"a broker without a store":      {brokerQuestion, strings.ReplaceAll(brokerBody, "storeLimit", "x"), []string{"storeLimit is missing"}},
		"another advisory":              {connectionsTopic, `{"ConsumerInfo":{}}`, []string{"neither ConnectionInfo nor RemoveInfo"}},
		"an advisory that is no object": {connectionsTopic, "", []string{"advisory of a connection"}},
		"a message from elsewhere":      {"/queue/positionQueue", brokerBody, []string{"unexpected message from /queue/positionQueue"}},
	} {
		s, err := Ask(t.Context(), script{{test.from, test.body}, {brokerQuestion, brokerBody}})
		for _, want := range test.want {
			if s != nil || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, %v, want an error about %q", name, s, err, want)
			}
		}
	}
}

func TestTheRatioOfNoLimitIsZero(t *testing.T) {
	for usage, want := range map[Usage]float64{{1, 4}: 0.25, {4, 4}: 1, {5, 4}: 1.25, {5, 0}: 0, {5, -1}: 0} {
		if got := usage.Ratio(); got != want {
			t.Errorf("%+v is %v, want %v", usage, got, want)
		}
	}
}

func FuzzTake(f *testing.F) {
	for i, body := range []string{connectBody, queueBody, brokerBody, disconnectBody} {
		f.Add(i, []byte(body))
	}
	sources := []string{connectionsTopic, queuesQuestion, brokerQuestion}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		s := &Statistics{Queues: make(map[string]Queue)}
		if _, err := s.take(sources[uint(i)%3], queue.Message{Body: body}); err != nil && (len(s.Queues) > 0 || s.Connections != 0) {
			t.Errorf("%q was taken and refused: %+v, %v", body, s, err)
		}
		for name := range s.Queues {
			if !utf8.ValidString(name) {
				t.Errorf("%q is no label", name)
			}
		}
	})
}
