package fluentd

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fleetman/components/logging/fluentd/conf"
)

// plugin is what a plugin takes: its parameters by name, each with its kind, with a ! behind it if it has no default; and its sections
// by name, each with the plugins that may be in it, or with one of its own.
type plugin struct {
	params   map[string]string
	sections map[string]map[string]plugin
}

// The kinds of values, as fluent/fluentd:lib/fluent/config/types.rb reads them.
var kinds = map[string]*regexp.Regexp{
	"string": regexp.MustCompile(`(?s).`),
	"empty":  regexp.MustCompile(`(?s)`), // a string that may be empty
	"bool":   regexp.MustCompile(`^(true|false|yes|no)$`),
	"int":    regexp.MustCompile(`^-?[0-9]+$`),
	"float":  regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`),
	"time":   regexp.MustCompile(`^[0-9]+(\.[0-9]+)?[smhd]?$`),
	"size":   regexp.MustCompile(`^-?[0-9]+[kmgtKMGT]?$`),
	"octal":  regexp.MustCompile(`^0[0-7]+$`),
	"regexp": regexp.MustCompile(`^/.*/[imx]*$`),
	"label":  regexp.MustCompile(`^@[A-Z]+$`),
	"array":  regexp.MustCompile(`(?s)^(\[.*\]|[^\[].*)$`),
	"hash":   regexp.MustCompile(`(?s)^\{.*\}$`),
}

// params reads "name kind, name kind".
func params(lists ...string) map[string]string {
	all := map[string]string{}
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			name, kind, _ := strings.Cut(strings.TrimSpace(item), " ")
			all[name] = strings.TrimSpace(kind)
		}
	}
	return all
}

// own is a section with parameters and without a plugin.
func own(lists ...string) map[string]plugin { return map[string]plugin{"": {params: params(lists...)}} }

// fluent/fluentd:lib/fluent/time.rb (TimeMixin) and lib/fluent/plugin/parser.rb.
const (
	timeParams  = "time_type string|unixtime|float|mixed, time_format string, localtime bool, utc bool, timezone string"
	parseParams = "time_format_fallbacks array, types hash, time_key string, null_value_pattern string, null_empty_string bool, estimate_current_event bool, keep_time_key bool, timeout time"
)

// fluent/fluentd:lib/fluent/plugin/output.rb, buffer.rb and buf_file.rb.
var bufferSection = map[string]plugin{"file": {params: params(
	"timekey time, timekey_wait time, timekey_use_utc bool, timekey_zone string",
	"flush_at_shutdown bool, flush_mode default|lazy|interval|immediate, flush_interval time, flush_thread_count int, flush_thread_interval float, flush_thread_burst_interval float",
	"delayed_commit_timeout time, overflow_action throw_exception|block|drop_oldest_chunk",
	"retry_forever bool, retry_timeout time, retry_max_times int, retry_secondary_threshold float, retry_type exponential_backoff|periodic, retry_wait time, retry_exponential_backoff_base float, retry_max_interval time, retry_randomize bool, disable_chunk_backup bool",
	"chunk_limit_size size!, total_limit_size size!, chunk_limit_records int, chunk_full_threshold float, queued_chunks_limit_size int, compress text|gzip",
	"path string!, path_suffix string, file_permission octal, dir_permission octal",
)}}

// What every plugin of each kind of section takes. Here and there a parameter has a default and is demanded all the same: without it
// something is lost or doubled.
var plugins = map[string]map[string]plugin{
	"source": {
		// fluent/fluent-plugin-prometheus:lib/fluent/plugin/in_prometheus.rb, in_prometheus_output_monitor.rb, in_prometheus_tail_monitor.rb
		"prometheus":                {params: params("bind string, port int!, metrics_path string, aggregated_metrics_path string, content_encoding identity|gzip")},
		"prometheus_output_monitor": {params: params("interval time, gauge_all bool")},
		"prometheus_tail_monitor":   {params: params("interval time")},
		// fluent/fluentd:lib/fluent/plugin/in_tail.rb
		"tail": {
			params: params(
				"path string!, path_delimiter string, glob_policy backward_compatible|extended|always, tag string!, exclude_path array!, rotate_wait time, pos_file string!, pos_file_compaction_interval time",
				"read_from_head bool!, refresh_interval time, read_lines_limit int, read_bytes_limit_per_second size, multiline_flush_interval time, emit_unmatched_lines bool!, enable_watch_timer bool, enable_stat_watcher bool",
				"encoding string, from_encoding string, path_key string, open_on_every_update bool, limit_recently_modified time, skip_refresh_on_startup bool, ignore_repeated_permission_error bool, path_timezone string, follow_inodes bool!, max_line_size size",
			),
			sections: map[string]map[string]plugin{"parse": {
				// fluent/fluentd:lib/fluent/plugin/parser_regexp.rb
				"regexp": {params: params("expression regexp!", timeParams, parseParams)},
			}},
		},
	},
	"filter": {
		// fluent-plugins-nursery/fluent-plugin-concat:lib/fluent/plugin/filter_concat.rb
		"concat": {params: params(
			"key string!, separator empty!, n_lines int, multiline_start_regexp regexp, multiline_end_regexp regexp, continuous_line_regexp regexp, stream_identity_key string!, flush_interval time, timeout_label label!, use_first_timestamp bool",
			"partial_key string, partial_value string, keep_partial_key bool, use_partial_metadata bool, partial_metadata_format docker-fluentd|docker-journald|docker-journald-lowercase, keep_partial_metadata bool",
			"use_partial_cri_logtag bool!, partial_cri_logtag_key string!, partial_cri_stream_key string!",
		)},
		// fluent/fluentd:lib/fluent/plugin/filter_record_transformer.rb
		"record_transformer": {
			params:   params("remove_keys array, keep_keys array, renew_record bool, renew_time_key string, enable_ruby bool, auto_typecast bool"),
			sections: map[string]map[string]plugin{"record": own("* string")},
		},
		// uken/fluent-plugin-elasticsearch:lib/fluent/plugin/filter_elasticsearch_genid.rb
		"elasticsearch_genid": {params: params("hash_id_key string!, include_tag_in_seed bool, include_time_in_seed bool, use_record_as_seed bool, use_entire_record bool, record_keys array, separator string, hash_type md5|sha1|sha256|sha512")},
		// fabric8io/fluent-plugin-kubernetes_metadata_filter:lib/fluent/plugin/filter_kubernetes_metadata.rb
		"kubernetes_metadata": {params: params(
			"kubernetes_url string, cache_size int, cache_ttl int, ignore_nil bool, watch bool, apiVersion string, client_cert string, client_key string, ca_file string, verify_ssl bool, open_timeout int, read_timeout int, tag_to_kubernetes_name_regexp string",
			"bearer_token_file string, secret_dir string, annotation_match array, stats_interval int, allow_orphans bool, orphaned_namespace_name string, orphaned_namespace_id string, lookup_from_k8s_field bool, ssl_partial_chain bool",
			"skip_labels bool, skip_pod_labels bool, skip_namespace_labels bool, skip_container_metadata bool, skip_master_url bool, skip_namespace_metadata bool, include_ownerrefs_metadata bool, watch_retry_interval int, watch_retry_exponential_backoff_base int, watch_retry_max_times int",
		)},
	},
	"match": {
		"relabel": {params: params("@label label!")},
		// uken/fluent-plugin-elasticsearch:lib/fluent/plugin/out_elasticsearch.rb and elasticsearch_tls.rb
		"elasticsearch": {
			params: params(
				"host string, port int, user string!, password string!, cloud_id string, cloud_auth string, path string, scheme https|http, hosts string!, target_index_key string, time_key_format string, time_precision int, include_timestamp bool!",
				"logstash_format bool, logstash_prefix string, logstash_prefix_separator string, logstash_dateformat string, utc_index bool, type_name string, suppress_type_name bool!, index_name string!, id_key string!, write_operation index|create|update|upsert",
				"parent_key string, routing_key string, request_timeout time, reload_connections bool!, reload_on_failure bool!, retry_tag string, resurrect_after time, time_key string, time_key_exclude_timestamp bool, ssl_verify bool, client_key string, client_cert string",
				"client_key_pass string, ca_file string!, remove_keys string, remove_keys_on_update string, remove_keys_on_update_key string, flatten_hashes bool, flatten_hashes_separator string, template_name string, template_file string, template_overwrite bool",
				"customize_template hash, rollover_index string, index_date_pattern string, index_separator string, deflector_alias string, application_name string, templates hash, max_retry_putting_template int, fail_on_putting_template_retry_exceed bool",
				"fail_on_detecting_es_version_retry_exceed bool, max_retry_get_es_version int, include_tag_key bool, tag_key string, time_parse_error_tag string, reconnect_on_error bool, pipeline string, with_transporter_log bool, emit_error_for_missing_id bool!",
				"sniffer_class_name string, selector_class_name string, reload_after int, include_index_in_url bool, http_backend excon|typhoeus, http_backend_excon_nonblock bool, validate_client_version bool, prefer_oj_serializer bool, unrecoverable_error_types array!",
				"verify_es_version_at_startup bool!, default_elasticsearch_version int!, log_es_400_reason bool, custom_headers hash, api_key string, suppress_doc_wrap bool, ignore_exceptions array, exception_backup bool, bulk_message_request_threshold size",
				"compression_level no_compression|best_speed|best_compression|default_compression, enable_ilm bool, ilm_policy_id string, ilm_policy hash, ilm_policies hash, ilm_policy_overwrite bool, truncate_caches_interval time, use_legacy_template bool",
				"catch_transport_exception_on_retry bool, target_index_affinity bool, ssl_version TLSv1_2|TLSv1_3, ssl_min_version TLSv1_2|TLSv1_3, ssl_max_version TLSv1_2|TLSv1_3",
			),
			sections: map[string]map[string]plugin{"buffer": bufferSection},
		},
		// fluent/fluentd:lib/fluent/plugin/out_exec.rb, formatter_json.rb, lib/fluent/plugin_helper/inject.rb
		"exec": {
			params: params("command string!, command_timeout time"),
			sections: map[string]map[string]plugin{
				"buffer": bufferSection,
				"format": {"json": {params: params("json_parser oj|yajl|json, add_newline bool")}},
				"inject": own("hostname_key string, hostname string, worker_id_key string, tag_key string, time_key string", timeParams),
			},
		},
	},
	// fluent/fluentd:lib/fluent/system_config.rb
	"system": own("workers int!, root_dir string!, log_level trace|debug|info|warn|error|fatal, suppress_repeated_stacktrace bool, emit_error_log_interval time, ignore_repeated_log_interval time, suppress_config_dump bool, " +
		"without_source bool, rpc_endpoint string, process_name string, strict_config_value bool, file_permission octal, dir_permission octal, enable_input_metrics bool, enable_size_metrics bool"),
}

// withPattern are the sections that have an argument.
var withPattern = []string{"filter", "match", "label", "buffer"}

// check reports everything that a section says and its plugin would not understand, or demands and isn't told.
func check(section *conf.Section, known map[string]plugin) []string {
	var problems []string
	report := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
	}
	kind, _ := section.Get("@type")
	of, ok := known[kind]
	if !ok {
		report(section.Line, "<%s> of the unknown type %q", section.Name, kind)
		return problems
	}
	if section.Arg != "" && !slices.Contains(withPattern, section.Name) {
		report(section.Line, "<%s> has the argument %q", section.Name, section.Arg)
	}
	for _, param := range section.Params {
		want, ok := of.params[param.Name]
		if !ok {
			want, ok = of.params["*"]
		}
		if strings.HasPrefix(param.Name, "@") && !ok {
			ok, want = slices.Contains([]string{"@type", "@id", "@label", "@log_level"}, param.Name), "string"
		}
		if !ok {
			report(param.Line, "%s %s has no parameter %s", section.Name, kind, param.Name)
		} else if problem := misfit(param.Value, strings.TrimSuffix(want, "!")); problem != "" {
			report(param.Line, "%s of %s %s: %s", param.Name, section.Name, kind, problem)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of.params)) {
		if _, set := section.Get(name); !set && strings.HasSuffix(of.params[name], "!") {
			report(section.Line, "%s %s lacks %s", section.Name, kind, name)
		}
	}
	for _, child := range section.Sections {
		if inner, ok := of.sections[child.Name]; ok {
			problems = append(problems, check(child, inner)...)
		} else {
			report(child.Line, "%s %s has no section %s", section.Name, kind, child.Name)
		}
	}
	for name := range of.sections {
		if len(section.All(name)) != 1 {
			report(section.Line, "%s %s has %d sections %s, want 1", section.Name, kind, len(section.All(name)), name)
		}
	}
	slices.Sort(problems)
	return problems
}

// misfit says why a value isn't of a kind.
func misfit(value, kind string) string {
	pattern, ok := kinds[kind]
	switch {
	case ok && !pattern.MatchString(value):
		return fmt.Sprintf("%q is no %s", value, kind)
	case !ok && !slices.Contains(strings.Split(kind, "|"), value):
		return fmt.Sprintf("%q is none of %s", value, kind)
	case (kind == "array" || kind == "hash") && strings.ContainsAny(value[:1], "[{") && !json.Valid([]byte(value)):
		return fmt.Sprintf("%q isn't JSON", value)
	}
	return ""
}

// checkAll checks every section of a configuration, and says of the labels' what it says of the root's.
func checkAll(root *conf.Section) []string {
	var problems []string
	for _, param := range root.Params {
		problems = append(problems, fmt.Sprintf("line %d: %s is in no section", param.Line, param.Name))
	}
	for _, section := range root.Sections {
		if known, ok := plugins[section.Name]; ok {
			problems = append(problems, check(section, known)...)
		} else if section.Name == "label" && root.Name == "" {
			problems = append(problems, checkAll(section)...)
		} else {
			problems = append(problems, fmt.Sprintf("line %d: <%s> is none", section.Line, section.Name))
		}
	}
	return problems
}

// rendered is the configuration, read.
func rendered(t *testing.T) *conf.Section {
	t.Helper()
	return parsed(t, files(t, mustRecord(t, good()))["fluent.conf"])
}

func parsed(t *testing.T, text string) *conf.Section {
	t.Helper()
	root, err := conf.Parse("fluent.conf", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestEveryPluginIsToldWhatItNeedsAndNothingThatItDoesntKnow(t *testing.T) {
	for _, problem := range checkAll(rendered(t)) {
		t.Error(problem)
	}
}

func TestAMistakeInTheConfigurationIsFound(t *testing.T) {
	for wrong, test := range map[string]struct{ old, new, want string }{
		"unknown parameter":  {"flush_interval 5s", "flush_intervall 5s", "buffer file has no parameter flush_intervall"},
		"missing parameter":  {"    id_key id\n", "", "match elasticsearch lacks id_key"},
		"unknown type":       {"@type concat", "@type concatenate", `<filter> of the unknown type "concatenate"`},
		"no time":            {"retry_max_interval 60s", "retry_max_interval 60sec", `retry_max_interval of buffer file: "60sec" is no time`},
		"no choice":          {"overflow_action block", "overflow_action wait", `overflow_action of buffer file: "wait" is none of`},
		"no boolean":         {"follow_inodes true", "follow_inodes on", `follow_inodes of source tail: "on" is no bool`},
		"unknown section":    {"<format>\n      @type json\n    </format>", "<formatter>\n    </formatter>", "match exec has no section formatter"},
		"missing section":    {"<format>\n      @type json\n    </format>", "", "match exec has 0 sections format, want 1"},
		"misplaced argument": {"<record>", "<record x>", `<record> has the argument "x"`},
		"no section":         {"<system>", "x 1\n<system>", "x is in no section"},
		"unknown directive":  {"<system>\n  #", "<worker 0>\n</worker>\n<system>\n  #", "<worker> is none"},
	} {
		t.Run(wrong, func(t *testing.T) {
			text := files(t, mustRecord(t, good()))["fluent.conf"]
			spoiled := strings.Replace(text, test.old, test.new, 1)
			if spoiled == text {
				t.Fatalf("there is no %q to spoil", test.old)
			}
			problems := checkAll(parsed(t, spoiled))
			if !slices.ContainsFunc(problems, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("found %q, want %q", problems, test.want)
			}
		})
	}
}
