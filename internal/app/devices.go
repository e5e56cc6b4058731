package app

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"regia/internal/collect"
	"regia/internal/experience"
	"regia/internal/stream"
)

// mqtt says where devices connect; nil when nowhere.
func (c Config) mqtt() (*stream.MQTT, error) {
	switch {
	case c.MQTT == "":
		return nil, nil
	case c.NATS != "":
		return nil, experience.Errorf(experience.Invalid, "mqtt is of the log in the folder, and --nats is given: devices can use a Regia with a log of its own, or HTTP")
	case (c.MQTTCert == "") != (c.MQTTKey == ""):
		return nil, experience.Errorf(experience.Invalid, "mqtt-cert and mqtt-key are given both or not at all")
	}
	return &stream.MQTT{Address: c.MQTT, Cert: c.MQTTCert, Key: c.MQTTKey}, nil
}

// admitEvery is how often devices' keys are looked at without being told: the
// registry may be another node's as well.
const admitEvery = 5 * time.Second

// serveDevices takes what devices publish in by the front door until ctx ends,
// and keeps the keys they may use to those of the sources.
func (a *App) serveDevices(ctx context.Context) error {
	devices := a.Log.Devices()
	if devices == nil {
		return nil
	}
	if address := devices.Address(); address != "" {
		a.Logger.Info("devices may connect by MQTT", "address", address, "tls", a.Config.MQTTCert != "")
	}
	var g errgroup.Group
	g.Go(func() error { return a.repeat(ctx, a.Sources.Changed(), func() error { return a.admit(ctx, devices) }) })
	g.Go(func() error {
		return a.repeat(ctx, nil, func() error {
			return devices.Receive(ctx, func(ctx context.Context, m stream.Message) time.Duration {
				return a.door.Take(ctx, collect.Delivery(m))
			})
		})
	})
	return g.Wait()
}

// repeat calls f until ctx ends: at once, when told, and every admitEvery.
func (a *App) repeat(ctx context.Context, told <-chan struct{}, f func() error) error {
	t := time.NewTicker(admitEvery)
	defer t.Stop()
	for ctx.Err() == nil {
		if err := f(); err != nil && ctx.Err() == nil {
			a.Logger.WarnContext(ctx, "devices are not served as they should be; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-told:
		case <-t.C:
		}
	}
	return nil
}

func (a *App) admit(ctx context.Context, devices *stream.Devices) error {
	keys, err := a.Sources.Keys(ctx)
	if err != nil {
		return err
	}
	return devices.Admit(ctx, keys)
}

// muchWaiting is how many messages may wait before doctor speaks up.
const muchWaiting = 10_000

// checkMQTT says whether devices could be listened to.
func checkMQTT(c Config) []Check {
	if c.MQTT == "" {
		return nil
	}
	if _, err := c.mqtt(); err != nil {
		return []Check{{Name: "devices", Found: err.Error(), Advice: "change the settings named"}}
	}
	k := checkPort(c.MQTT, "--mqtt")
	k.Name = "devices"
	return []Check{k}
}

// checkDevices says how devices are doing; nothing where there are none.
func (a *App) checkDevices(ctx context.Context) []Check {
	devices := a.Log.Devices()
	if devices == nil {
		return nil
	}
	state, err := devices.State(ctx)
	if err != nil {
		return []Check{{Name: "devices", Found: err.Error(), Advice: "the devices' messages cannot be read"}}
	}
	k := Check{Name: "devices", OK: state.Waiting < muchWaiting, Found: "MQTT is off"}
	if address := devices.Address(); address != "" {
		k.Found = fmt.Sprintf("MQTT on %s, %s, %d connected", address, map[bool]string{true: "TLS", false: "in the clear"}[a.Config.MQTTCert != ""], state.Connections)
	}
	k.Found += fmt.Sprintf(", %d messages wait", state.Waiting)
	if !k.OK {
		k.Advice = "the front door does not keep up with devices, or cannot take what they send: the server's log says why"
	}
	return []Check{k}
}
