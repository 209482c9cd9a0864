// Package jmsmap reads a JMS map in the two forms in which ActiveMQ writes one over STOMP, JSON and XML.
//
// Neither form is without a loss. JSON turns text that looks like a number or a boolean into one, so 007 arrives as 7.
// XML writes a control character as a reference that no parser of XML takes. Who asks for a map chooses by what is in it.
//
// All values are text, whatever type they had. A map that is cut short, nested or of another shape is refused.
package jmsmap
