package doctor

import (
	"strings"
	"unicode"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// maxText is the length to which a text of a finding is cut, in bytes. The longest are
// lists of GRANT statements.
const maxText = 4000

// textFilter removes from texts what must not be printed.
type textFilter struct{ secrets *strings.Replacer }

// minSecret is the length of a password from which on it is replaced where it stands in
// the text of a server. A shorter one would match words at random.
const minSecret = 4

// ownWords are words of this package's texts that are passwords of careless operators.
const ownWords = "mosparo mosparoctl redis sentinel memcached mysql mariadb postgresql sqlite database cache files locks server host user password default master admin root"

// newTextFilter returns the filter for the secrets of the settings. A password that is a
// word of the package, or stands in another setting such as database_user, is not replaced:
// the places would show which one it is, and commands to be pasted would be spoiled.
func newTextFilter(s *envconfig.Settings, more ...*dsn.Redis) textFilter {
	var secrets []dsn.Secret
	if s.Database != nil {
		secrets = append(secrets, s.Database.Password)
	}
	if m := s.Cache.Memcached; m != nil {
		secrets = append(secrets, m.Password)
	}
	for _, d := range append(more, s.Cache.Redis) {
		if d != nil {
			secrets = append(secrets, d.Password, d.SentinelPassword)
		}
	}
	public := []string{ownWords, s.Dir, strings.Join(s.Files, " ")}
	for v := range s.Variables() {
		public = append(public, v.Value)
	}
	words := strings.ToLower(strings.Join(public, " "))
	var pairs []string
	for _, secret := range secrets {
		if text := secret.Reveal(); len(text) >= minSecret && !strings.Contains(words, strings.ToLower(text)) {
			pairs = append(pairs, text, secret.String())
		}
	}
	return textFilter{strings.NewReplacer(pairs...)}
}

// clean returns the text without secrets and control characters, in one line.
func (f textFilter) clean(text string) string {
	text = f.secrets.Replace(text)
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " …"
	}
	return text
}

func (f textFilter) finding(x Finding) Finding {
	x.Subject, x.What, x.Consequence, x.Remedy = f.clean(x.Subject), f.clean(x.What), f.clean(x.Consequence), f.clean(x.Remedy)
	return x
}

func (f textFilter) part(p Part) Part {
	p.Kind, p.Version, p.Server = f.clean(p.Kind), f.clean(p.Version), f.clean(p.Server)
	facts := make(map[string]string, len(p.Facts))
	for name, value := range p.Facts {
		facts[f.clean(name)] = f.clean(value)
	}
	p.Facts = facts
	return p
}
