// Package queue speaks STOMP 1.2 to the broker: a Producer that pipelines persistent messages and resends what the
// broker has not confirmed, a Consumer that acknowledges a batch only after its handler has finished with it, and
// a Subscriber to a topic. Each reconnects by itself, with a jittered back-off. An Inquirer asks what the broker itself
// answers; it connects when it is asked, if it is not connected.
//
// It uses the frames of go-stomp but not its Conn. That Conn holds its mutex from a send until the receipt
// arrives, so receipts cannot be pipelined over it; it flushes each frame; and its single loop blocks for good when
// nobody waits for a receipt any more.
//
// Delivery is at least once: after a lost connection a message may be sent, or delivered, a second time. The
// package holds a bounded number of messages and blocks its callers beyond that. It refuses to acknowledge what
// was not handled, and to drop what was accepted: messages are lost only if the process dies before Close.
package queue
