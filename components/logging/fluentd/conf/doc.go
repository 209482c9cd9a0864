// Package conf reads Fluentd's configuration format, version 1, as far as Fluentd itself would (fluent/fluentd:lib/fluent/config/v1_parser.rb
// and literal_parser.rb): sections with an argument, parameters, quoted strings, arrays and objects of JSON, comments, @include.
//
// What it fixes: where each thing stands, by file and line, in everything that it refuses.
//
// What it leaves to its caller: what a parameter means; where an included file comes from; and Ruby in a quoted string, which it reads
// to its end and doesn't run.
//
// What it refuses, beyond what Fluentd does: a parameter that is set twice in a section, of which Fluentd takes the last; a quoted key;
// and a comment inside of JSON.
package conf
