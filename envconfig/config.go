package envconfig

import "strconv"

// configKind is what a value of env.mosparo.php is to Symfony.
type configKind uint8

const (
	configText  configKind = iota // a text, or a number or true as text
	configFalse                   // as if it were not there
	configArray                   // of no use
)

type configValue struct {
	kind configKind
	text string
}

// config are the values of env.mosparo.php.
type config struct {
	path   string
	values map[string]configValue
}

func (c *config) get(name string) (configValue, bool) {
	if c == nil {
		return configValue{}, false
	}
	v, ok := c.values[name]
	return v, ok
}

func newConfig(path string, values map[string]any) *config {
	c := &config{path: path, values: map[string]configValue{}}
	for name, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			c.values[name] = configValue{text: v}
		case int64:
			c.values[name] = configValue{text: strconv.FormatInt(v, 10)}
		case float64:
			c.values[name] = configValue{text: floatText(v)}
		case bool:
			if v {
				c.values[name] = configValue{text: "1"}
			} else {
				c.values[name] = configValue{kind: configFalse}
			}
		default:
			c.values[name] = configValue{kind: configArray}
		}
	}
	return c
}
