package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
	"github.com/mosparo/go-cluster/envconfig/health"
)

// compose is the part of a compose file that the shipped one uses.
type compose struct {
	Settings map[string]string `yaml:"x-settings"`
	PHP      any               `yaml:"x-php"`
	Go       any               `yaml:"x-go"`
	Services map[string]struct {
		Image, Restart string
		Build          struct{ Context, Dockerfile string }
		Command        []string
		Environment    map[string]string
		Volumes        []string
		Ports          []string
		DependsOn      []string `yaml:"depends_on"`
		Networks       any
		NetworkMode    string        `yaml:"network_mode"`
		StopGrace      time.Duration `yaml:"stop_grace_period"`
	}
	Networks, Volumes map[string]any
}

func readCompose(t *testing.T) (c compose) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(read(t, "container/compose.yaml")))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&c))
	return c
}

// Docker's own reader takes the file.
func TestCompose_IsValid(t *testing.T) {
	command(t, servers.Find(t, "docker-compose", "docker-compose"), "-f", "container/compose.yaml", "config", "--quiet")
}

// The Go nodes of the compose file serve with its commands and variables, on Redis and
// PostgreSQL as the file names them, and stop in the time that it gives them.
func TestCompose_NodesServe(t *testing.T) {
	c := readCompose(t)
	redis, postgres := servers.Redis(t), postgres(t)
	fill(t, open(t, "pgx", postgres.DSN()), sqlcleaner.PostgreSQL)
	data := mosparoDir(t, map[string]string{
		"database_system": "postgres", "database_driver": "pdo_pgsql", "database_host": "127.0.0.1", "database_port": fmt.Sprint(postgres.Port()),
		"database_name": servers.DatabaseName, "database_user": servers.DatabaseUser, "database_password": servers.DatabasePassword,
	})
	s := newSite(t)
	for i, name := range []string{"go1", "go2"} {
		service := c.Services[name]
		require.Equal(t, fmt.Sprintf("service:php%d", i+1), service.NetworkMode)
		require.FileExists(t, filepath.Join("container", service.Build.Context, service.Build.Dockerfile))
		drain, err := time.ParseDuration(service.Command[slices.Index(service.Command, "--drain")+1])
		require.NoError(t, err)
		require.GreaterOrEqual(t, service.StopGrace, drain+finishing)

		address := s.addr(11+i, 8080)
		command := strings.Join(service.Command, " ")
		command = replaceAll(t, command, "--listen :8080", "--listen "+address, "--dir /mosparo-data", "--dir "+data, "--drain 8s", "--drain 0s")
		// Only a variable of the file may hold what a node needs.
		for variable, value := range service.Environment {
			value = strings.ReplaceAll(value, "redis://redis:6379", "redis://"+redis.Addr())
			value = strings.ReplaceAll(value, "/mosparo-data/", data+"/config/")
			t.Setenv(variable, value)
		}
		servers.Program(t, program(t, "mosparo-node"), "", func() error { return ready(address) }, strings.Fields(command)...)
	}
}

// manifest is the part of Kubernetes' objects that the shipped file uses.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Replicas     int
		MinAvailable int `yaml:"minAvailable"`
		Selector     any
		Ports        []any
		Rules        []any
		Strategy     any
		Template     struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Grace      int `yaml:"terminationGracePeriodSeconds"`
				Containers []container
				Volumes    []struct {
					Name   string
					Secret struct {
						SecretName string `yaml:"secretName"`
					}
				}
			}
		}
	}
}

type container struct {
	Name, Image string
	Args        []string
	EnvFrom     []struct {
		SecretRef struct{ Name string } `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe   probe `yaml:"startupProbe"`
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
	Lifecycle      struct {
		PreStop struct {
			Sleep struct{ Seconds int }
		} `yaml:"preStop"`
	}
	Resources       map[string]map[string]string
	SecurityContext map[string]any `yaml:"securityContext"`
	VolumeMounts    []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTPGet          struct{ Path, Port string } `yaml:"httpGet"`
	PeriodSeconds    int                         `yaml:"periodSeconds"`
	FailureThreshold int                         `yaml:"failureThreshold"`
	TimeoutSeconds   int                         `yaml:"timeoutSeconds"`
}

// The probes ask what there is, and fit the draining: a pod that ends serves until the
// probes have noticed, and is not killed before it has finished.
func TestKubernetes_ProbesFitTheDraining(t *testing.T) {
	kinds := map[string]manifest{}
	d := yaml.NewDecoder(strings.NewReader(read(t, "container/kubernetes.yaml")))
	d.KnownFields(true)
	for {
		var m manifest
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		kinds[m.Kind] = m
	}
	require.Len(t, kinds, 4)
	pod := kinds["Deployment"].Spec.Template
	require.Equal(t, map[string]any{"matchLabels": map[string]any{"app": pod.Metadata.Labels["app"]}}, kinds["Deployment"].Spec.Selector)
	require.Len(t, pod.Spec.Containers, 1)
	node := pod.Spec.Containers[0]
	require.Equal(t, health.ReadyPath, node.StartupProbe.HTTPGet.Path)
	require.Equal(t, health.LivePath, node.LivenessProbe.HTTPGet.Path)
	require.Equal(t, health.ReadyPath, node.ReadinessProbe.HTTPGet.Path)
	for _, p := range []probe{node.StartupProbe, node.LivenessProbe, node.ReadinessProbe} {
		require.Equal(t, "admin", p.HTTPGet.Port)
		require.GreaterOrEqual(t, p.TimeoutSeconds, 2, "readiness takes less than 2 s")
	}
	at := slices.IndexFunc(node.Args, func(a string) bool { return strings.HasPrefix(a, "--drain=") })
	drain, err := time.ParseDuration(strings.TrimPrefix(node.Args[at], "--drain="))
	require.NoError(t, err)
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	require.GreaterOrEqual(t, drain, seconds(node.ReadinessProbe.PeriodSeconds*node.ReadinessProbe.FailureThreshold+1))
	require.GreaterOrEqual(t, seconds(pod.Spec.Grace), seconds(node.Lifecycle.PreStop.Sleep.Seconds)+drain+finishing)

	// The arguments start a node, whose admin listener answers without the token.
	s := newSite(t)
	admin := s.addr(11, 8081)
	token := s.write("token", strings.Repeat("x", 32))
	require.NoError(t, os.Chmod(token, 0o600))
	args := replaceAll(t, strings.Join(node.Args, "\n"), "=:8080", "="+s.addr(11, 8080), "=0.0.0.0:8081", "="+admin, "=/run/secrets/mosparo-admin/token", "="+token)
	servers.Program(t, program(t, "mosparo-node"), "", func() error { return ready(admin) }, append(strings.Split(args, "\n"), "--dir", mosparoDir(t, nil))...)
}
