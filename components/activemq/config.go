package activemq

import (
	_ "embed" // the files of conf
	"fmt"
	"strings"
	"text/template"
	"unicode/utf16"

	"fleetman/components/kube"
)

var (
	//go:embed conf/activemq.xml
	brokerXML string
	//go:embed conf/login.config
	loginConfig string
	//go:embed conf/log4j2.properties
	logProperties string
)

var brokerTemplate = template.Must(template.New("activemq.xml").Option("missingkey=error").Parse(brokerXML))

// configuration answers with the broker's configuration by file name, without the login.
func (a BrokerArgs) configuration() (map[string]string, error) {
	heap, err := kube.ParseMebibytes(a.Heap)
	if err != nil {
		return nil, fmt.Errorf("parse heap: %w", err)
	}
	storage, err := kube.ParseMebibytes(a.Storage)
	if err != nil {
		return nil, fmt.Errorf("parse storage: %w", err)
	}
	var xml strings.Builder
	err = brokerTemplate.Execute(&xml, struct {
		Memory, QueueMemory, Store, Temp int64
		Console                          bool
	}{
		Memory:      heap / 2,        // the other half is the broker's own
		QueueMemory: heap / 4,        // no queue takes what the others need
		Store:       storage * 3 / 4, // the journal's files are 32 MB, and freed later than their messages
		Temp:        storage / 8,
		Console:     a.Console,
	})
	if err != nil {
		return nil, fmt.Errorf("render activemq.xml: %w", err)
	}
	return map[string]string{"activemq.xml": xml.String(), "login.config": loginConfig, "log4j2.properties": logProperties}, nil
}

// users is the file that holds the login.
func users(user, password string) string {
	return escapeProperty(user) + "=" + escapeProperty(password) + "\n"
}

// groups is the file that says what the login may do: fleet is the broker's group, admins and users are the console's.
func groups(user string, console bool) string {
	groups := "fleet=" + user + "\n"
	if console {
		groups += "admins=" + user + "\nusers=" + user + "\n"
	}
	return groups
}

// escapeProperty writes a key or a value of a Java .properties file, whatever characters it has.
func escapeProperty(s string) string {
	var escaped strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune(`\=:#! `, r):
			escaped.WriteRune('\\')
			escaped.WriteRune(r)
		case r < ' ' || r > '~': // the file is Latin-1, and a line is a property
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&escaped, `\u%04x`, unit)
			}
		default:
			escaped.WriteRune(r)
		}
	}
	return escaped.String()
}

// options are the JVM's: what the image's own would be, with our files and our heap.
func (a BrokerArgs) options() (memory, all string, err error) {
	heap, err := kube.ParseMebibytes(a.Heap)
	if err != nil {
		return "", "", fmt.Errorf("parse heap: %w", err)
	}
	memory = fmt.Sprintf("-Xms%[1]dm -Xmx%[1]dm", heap)
	options := []string{
		memory,
		"-XX:+ExitOnOutOfMemoryError", // a broker that is half dead is worse than one that is started again
		"-Djava.util.logging.config.file=logging.properties",
		"-Djava.security.auth.login.config=" + confPath + "/login.config",
		"-Dlog4j2.configurationFile=file:" + confPath + "/log4j2.properties",
	}
	if a.Console {
		options = append(options, "-Djetty.http.host=0.0.0.0")
	}
	return memory, strings.Join(options, " "), nil
}
