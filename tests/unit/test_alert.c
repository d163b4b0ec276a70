/*
 * test_alert.c - alerts become ranked records with the columns that they promise; networks, allow-lists, sampling.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "detect/alert.h"
#include "detect/sampled.h"
#include "detect/scope.h"
#include "flow/value.h"
#include "tap.h"

static struct addr
ip(const char *text)
{
	struct addr a = { 0 };

	(void)parse_ip(text, strlen(text), &a);
	return a;
}

/* Every column of the first two records as text, and the sources of all. */
struct seen {
	struct buf first, sources;
	size_t n;
};

static int
see(void *ctx, struct batch *b, struct err *err)
{
	const struct text_opts opts = { .style = STYLE_TABLE, .plain = true };
	struct seen *s = ctx;
	struct field_id src = field_iana(8);

	(void)err;
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = batch_plain(b, i);

		for (size_t rec = 0; rec < b->n && s->n == 0 && rec < 2; rec++) {
			struct value v = value_at(c, rec);

			if (v.type == TYPE_NONE)
				continue;
			buf_printf(&s->first, "%zu ", rec);
			field_put_name(&s->first, &c->id);
			buf_putc(&s->first, '=');
			value_put(&s->first, &v, c, &opts);
			buf_puts(&s->first, "; ");
		}
		for (size_t rec = 0; rec < b->n && field_id_equal(&c->id, &src); rec++) {
			struct value v = value_at(c, rec);

			value_put(&s->sources, &v, c, &opts);
			buf_putc(&s->sources, ' ');
		}
	}
	s->n += b->n;
	return 0;
}

static void
test_columns(void)
{
	struct alerts *a = alerts_new();
	struct addr src = ip("10.0.0.1"), dst = ip("2001:db8::1");
	struct alert alert = ALERT_NONE, bare = ALERT_NONE;
	char reason[] = "tries 9 hosts";
	struct seen s = { 0 };
	struct err err = { 0 };

	alert.detector = "scan";
	alert.kind = "horizontal";
	alert.score = 1.5;
	alert.reason = reason;
	alert.why = "hosts=9";
	alert.attack = "T1046";
	alert.limits = "sampled 1 in 10: half of it";
	alert.sampling = 10;
	alert.src = &src;
	alert.dst = &dst;
	alert.dstport = 0;
	alert.proto = 6;
	alert.start_ns = 1500000000;
	alert.end_ns = 2500700000;
	alert.flows = 9;
	alert.packets = 0;
	alert.bytes = 360;
	bare.detector = "anom";
	bare.score = -1;
	bare.severity = SEVERITY_MEDIUM;
	alerts_put(a, &bare);
	alerts_put(a, &alert);
	src = dst;
	reason[0] = 'X';
	ok(alerts_count(a) == 2, "alerts are counted");
	ok(alerts_ranked(a, see, &s, &err) == 0 && s.n == 2, "and handed out");
	is_str(buf_cstr(&s.first),
	    "0 start=1970-01-01 00:00:01.500; 1 start=1970-01-01 00:00:00.000; "
	    "0 end=1970-01-01 00:00:02.500; 1 end=1970-01-01 00:00:00.000; "
	    "0 srcip=10.0.0.1; 0 dstip=2001:db8::1; 0 dstport=0; 0 proto=tcp; 0 flows=9; 1 "
	    "flows=0; "
	    "0 packets=0; 0 bytes=360; 0 detector=scan; 1 detector=anom; 0 kind=horizontal; 0 "
	    "score=1; "
	    "1 score=0; 0 severity=critical; 1 severity=medium; 0 reason=tries 9 hosts; 0 "
	    "why=hosts=9; "
	    "0 attack=T1046; 0 sampling=10; 0 limits=sampled 1 in 10: half of it; ",
	    "the better one first; what is not known is missing, texts and addresses are copies");
	ok(alerts_count(a) == 0, "they are forgotten then");
	buf_free(&s.first);
	buf_free(&s.sources);
	alerts_free(a);
}

static void
test_rank(void)
{
	static const struct {
		const char *src;
		double score;
		int64_t start;
	} row[] = { { "10.0.0.4", 0.5, 9 }, { "10.0.0.2", 0.5, 5 }, { "10.0.0.1", 0.9, 9 },
		{ "10.0.0.3", 0.5, 9 } };
	struct alerts *a = alerts_new();
	struct seen s = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < 4; i++) {
		struct addr src = ip(row[i].src);
		struct alert alert = ALERT_NONE;

		alert.src = &src;
		alert.score = row[i].score;
		alert.start_ns = row[i].start;
		alerts_put(a, &alert);
	}
	(void)alerts_ranked(a, see, &s, &err);
	is_str(buf_cstr(&s.sources), "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 ",
	    "equal scores are in order of time, then of the source");
	buf_free(&s.first);
	buf_free(&s.sources);
	alerts_free(a);
}

static int
fail(void *ctx, struct batch *b, struct err *err)
{
	(void)ctx;
	(void)b;
	return err_set(err, "the disk is full");
}

static void
test_bounds(void)
{
	struct alerts *a = alerts_new();
	struct seen s = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < 3 * (size_t)ALERTS_MOST; i++) {
		struct alert alert = ALERT_NONE;
		struct addr src = addr_v4((uint32_t)i);

		alert.src = &src;
		alert.score = i == 7 ? 1 : 0.1;
		alerts_put(a, &alert);
	}
	ok(alerts_count(a) == ALERTS_MOST, "no more than the bound are kept");
	ok(alerts_dropped(a) == 2 * (uint64_t)ALERTS_MOST, "the others are counted");
	ok(alerts_ranked(a, see, &s, &err) == 0 && s.n == ALERTS_MOST, "those kept are handed out");
	ok(memcmp(s.sources.data, "0.0.0.7 ", 8) == 0, "the best of all is the first");
	alerts_put(a, &(struct alert)ALERT_NONE);
	ok(alerts_ranked(a, fail, NULL, &err) == -1 && err.status == EXIT_FAILED,
	    "a failure of who takes them is one");
	buf_free(&s.first);
	buf_free(&s.sources);
	alerts_free(a);
}

static void
test_words(void)
{
	struct buf b = { 0 };
	struct addr a = ip("10.0.0.1");

	why_count(&b, "hosts", 42);
	why_number(&b, "share", 2.0 / 3);
	why_duration(&b, "span", 1500000000);
	why_word(&b, "rule", "two words");
	is_str(buf_cstr(&b), "hosts=42 share=0.666667 span=1.500 rule=two_words",
	    "numbers of why are key=value");
	b.len = 0;
	reason_addr(&b, &a);
	buf_putc(&b, ' ');
	reason_duration(&b, 200 * NS_PER_S);
	is_str(buf_cstr(&b), "10.0.0.1 3m20s", "sentences have rounded ones");
	ok(severity_of(0.4) == SEVERITY_LOW && severity_of(0.5) == SEVERITY_MEDIUM &&
		severity_of(0.75) == SEVERITY_HIGH && severity_of(0.95) == SEVERITY_CRITICAL,
	    "scores have severities");
	buf_free(&b);
}

static bool
internal(const struct scope *s, const char *text)
{
	struct addr a = ip(text);

	return scope_internal(s, &a);
}

static int
key_of(const struct opt *rows, const char *name)
{
	while (rows->key != 0 && strcmp(rows->name, name) != 0)
		rows++;
	return rows->key;
}

static void
test_internal(void)
{
	int key = key_of(scope_options, "internal");
	struct err err = { 0 };
	struct scope s;

	scope_init(&s);
	ok(internal(&s, "10.0.0.0") && internal(&s, "10.255.255.255") &&
		internal(&s, "172.31.255.255") && internal(&s, "192.168.0.1") &&
		internal(&s, "169.254.1.1") && internal(&s, "fd00::1") && internal(&s, "fe80::1"),
	    "private and link-local networks are ours");
	ok(!internal(&s, "11.0.0.0") && !internal(&s, "9.255.255.255") &&
		!internal(&s, "172.32.0.0") && !internal(&s, "2001:db8::1") &&
		!internal(&s, "fec0::1") && !internal(&s, "::"),
	    "others are not");
	ok(scope_opt(&s, key, "192.0.2.0/24,192.0.2.128/25,2001:db8::/32,198.51.100.7", &err) == 1,
	    "networks may be given");
	ok(internal(&s, "192.0.2.255") && internal(&s, "192.0.2.0") &&
		internal(&s, "2001:db8::9") && internal(&s, "198.51.100.7"),
	    "they are ours then, one within the other or not");
	ok(!internal(&s, "10.0.0.1") && !internal(&s, "192.0.3.0") && !internal(&s, "198.51.100.8"),
	    "instead of the private ones");
	ok(scope_opt(&s, key, "::/0", &err) == 1 && internal(&s, "2001:db8::1") &&
		internal(&s, "::1") && !internal(&s, "10.0.0.1"),
	    "a prefix of IPv6 has no IPv4 address in it");
	ok(scope_opt(&s, key, "0.0.0.0/0", &err) == 1 && internal(&s, "255.255.255.255") &&
		!internal(&s, "2001:db8::1"),
	    "nor the other way");
	ok(scope_opt(&s, key, "10.0.0.0/7,20.128.0.0/9,255.255.255.255", &err) == 1 &&
		internal(&s, "10.0.0.0") && internal(&s, "11.255.255.255") &&
		internal(&s, "20.128.0.0") && internal(&s, "255.255.255.255"),
	    "they need not end where an octet does");
	ok(!internal(&s, "9.255.255.255") && !internal(&s, "12.0.0.0") &&
		!internal(&s, "20.127.255.255") && !internal(&s, "255.255.255.254"),
	    "and have nothing of what is beside them");
	ok(scope_opt(&s, key, "10.0.0.0/8,10.0.0.x", &err) == -1 && err.status == EXIT_USAGE,
	    "what is no prefix is refused");
	is_str(err.text, "--internal: '10.0.0.x' is no prefix; write 10.0.0.0/8,2001:db8::/32",
	    "and named");
	ok(scope_opt(&s, 'z', "x", &err) == 0, "an option of others is left to them");
	scope_free(&s);
}

static int
allow(struct scope *s, const char *text, struct err *err)
{
	char path[] = "/tmp/flowkit-allow-XXXXXX";
	int fd = mkstemp(path), rc;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -2;
	close(fd);
	rc = scope_opt(s, 'a', path, err);
	unlink(path);
	return rc;
}

static bool
allows(const struct scope *s, const char *text, int port)
{
	struct addr a = ip(text);

	return scope_allows(s, &a, port);
}

static void
test_allowed(void)
{
	struct err err = { 0 };
	struct scope s;

	scope_init(&s);
	ok(!allows(&s, "10.0.0.1", 80), "without a list nothing is allowed");
	ok(allow(&s,
	       "# scanners\n10.0.0.1\n\n 192.0.2.0/24 # a test\r\n2001:db8::/32\n"
	       "198.51.100.7:443\n198.51.100.0/25:80\n[2001:db9::1]:53\n*:123",
	       &err) == 1,
	    "a list of every kind of line is read");
	ok(allows(&s, "10.0.0.1", -1) && allows(&s, "10.0.0.1", 80) && allows(&s, "192.0.2.9", 1) &&
		allows(&s, "2001:db8::5", -1),
	    "addresses and prefixes are allowed whatever the port");
	ok(allows(&s, "198.51.100.7", 443) && allows(&s, "198.51.100.8", 80) &&
		allows(&s, "2001:db9::1", 53) && allows(&s, "203.0.113.1", 123) &&
		allows(&s, "2001:dba::1", 123),
	    "with a port only that");
	ok(!allows(&s, "198.51.100.7", -1) && !allows(&s, "198.51.100.7", 444) &&
		!allows(&s, "198.51.100.200", 80) && !allows(&s, "10.0.0.2", -1) &&
		!allows(&s, "2001:db9::1", 54),
	    "and nothing else");
	ok(allow(&s, "10.0.0.1\n10.0.0.256\n", &err) == -1, "a bad line is an error");
	ok(strstr(err.text, "line 2: '10.0.0.256' is no ADDRESS") != NULL, "that is named");
	err = (struct err){ 0 };
	ok(allow(&s, "10.0.0.1:65536", &err) == -1 && err.status == EXIT_FAILED,
	    "a port beyond the last is bad too");
	ok(scope_opt(&s, 'a', "/nonexistent/list", &(struct err){ 0 }) == -1,
	    "a list that is not there is an error");
	scope_free(&s);
}

static void
test_unicast(void)
{
	static const char *const one[] = { "10.0.0.1", "223.255.255.255", "2001:db8::1",
		"fe80::1" };
	static const char *const many[] = { "224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1",
		"::" };
	struct addr a;

	for (size_t i = 0; i < 4; i++) {
		a = ip(one[i]);
		ok(scope_unicast(&a), "%s is one host", one[i]);
	}
	for (size_t i = 0; i < 5; i++) {
		a = ip(many[i]);
		ok(!scope_unicast(&a), "%s is none", many[i]);
	}
}

static void
test_sampled(void)
{
	struct sampled s = { 0 };
	struct buf b = { 0 };

	sampled_see(&s, 0);
	sampled_see(&s, 1);
	sampled_limits(&b, &s, "nothing");
	ok(!sampled_any(&s) && b.len == 0, "what is not sampled has no limits");
	s = (struct sampled){ 0 };
	sampled_see(&s, 100);
	sampled_limits(&b, &s, "no beats");
	is_str(buf_cstr(&b), "sampled 1 in 100: no beats", "what is has");
	b.len = 0;
	sampled_see(&s, 10);
	sampled_limits(&b, &s, "no beats");
	is_str(
	    buf_cstr(&b), "sampled 1 in 100 (and less): no beats", "the greatest interval is told");
	buf_free(&b);
}

int
main(void)
{
	test_columns();
	test_rank();
	test_bounds();
	test_words();
	test_internal();
	test_allowed();
	test_unicast();
	test_sampled();
	return done_testing();
}
