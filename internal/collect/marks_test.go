package collect

import (
	"net/http/httptest"
	"testing"
)

func TestIsBot(t *testing.T) {
	for _, ua := range []string{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari/537.36",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
		"Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
		"Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
		"Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
		"DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
		"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
		"Mozilla/5.0 (Linux; Android 11) Chrome/119 Mobile Safari/537.36 Chrome-Lighthouse",
		"ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)",
		"Twitterbot/1.0", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.23.20.0", "LinkedInBot/1.0",
		"Mozilla/5.0 (compatible; Screaming Frog SEO Spider/19.0)", "my-shop-crawler", "GPTBot/1.0", "Nagios monitoring 4.4",
		"AdsBot-Google (+http://www.google.com/adsbot.html)", "PhantomJS/2.1",
	} {
		if !isBot(ua) {
			t.Errorf("not known as a bot: %s", ua)
		}
	}
	for _, ua := range []string{
		"",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/96.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; U; Android 4.2.2; it-it; CUBOT P9 Build/JDQ39) AppleWebKit/534.30 Version/4.0 Mobile Safari/534.30",
		"Go-http-client/1.1", "python-requests/2.31.0", "curl/8.5.0", "okhttp/4.12.0", "axios/1.6.2", "analytics-node/1.1.3", "Java/17.0.1",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:120.0) Gecko/20100101 Firefox/120.0",
		"ShopApp/3.2 CFNetwork/1474 Darwin/23.0.0", "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7)", "PowerBottle/1.0", "Robotica/2.0", "GlucoseMonitor/2",
	} {
		if isBot(ua) {
			t.Errorf("taken for a bot: %s", ua)
		}
	}
}

func TestVisitorOf(t *testing.T) {
	trusted, err := ParseNetworks([]string{"10.0.0.0/8", "2001:db8::1"})
	must(t, err)
	for _, c := range []struct{ name, remote, forwarded, want string }{
		{"direct", "203.0.113.7:1234", "", "203.0.113.7"},
		{"a header that nobody trusted wrote", "203.0.113.7:1234", "192.0.2.1", "203.0.113.7"},
		{"one proxy", "10.1.2.3:80", "192.0.2.1", "192.0.2.1"},
		{"two proxies", "10.1.2.3:80", "192.0.2.1, 10.9.9.9", "192.0.2.1"},
		{"a forged first hop", "10.1.2.3:80", "127.0.0.1, 192.0.2.1, 10.9.9.9", "192.0.2.1"},
		{"rubbish", "10.1.2.3:80", "not an address", "10.1.2.3"},
		{"version 6", "[2001:db8::1]:443", "2001:db8::99", "2001:db8::99"},
		{"version 4 in 6", "[::ffff:203.0.113.7]:443", "", "203.0.113.7"},
		{"with a port", "10.1.2.3:80", "192.0.2.1:5555", "192.0.2.1"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := addressOf(r, trusted).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := ParseNetworks([]string{"10.0.0.0/8", "the shop"}); err == nil {
		t.Error("a network that is none was read")
	}
}
