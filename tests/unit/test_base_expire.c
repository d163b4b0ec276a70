/*
 * test_base_expire.c - the limits of a store from text.
 */
#include "base/expire.h"
#include "base/num.h"
#include "tap.h"

static const int64_t day_ns = 86400 * NS_PER_S;

static void
test_good(void)
{
	static const struct {
		const char *text;
		struct expire_limits want;
	} t[] = {
		{ "size=500G", { .octets = UINT64_C(500000000000) } },
		{ "size=1.5Ti", { .octets = UINT64_C(1649267441664) } },
		{ "size=500B", { .octets = 500 } },
		{ "age=90d", { .age_ns = 90 * 86400 * NS_PER_S } },
		{ "age=1d12h", { .age_ns = 36 * 3600 * NS_PER_S } },
		{ "age=0.5s", { .age_ns = NS_PER_S / 2 } },
		{ "free=10%", { .free_share = 0.1 } },
		{ "free=0.5%", { .free_share = 0.005 } },
		{ "free=50g", { .free_octets = UINT64_C(50000000000) } },
		{ "files=1", { .files = 1 } },
		{ "files=18446744073709551615", { .files = UINT64_MAX } },
		{ "free=1M,files=7,age=1w,size=2K", { .octets = 2000,
							.files = 7,
							.age_ns = 7 * 86400 * NS_PER_S,
							.free_octets = 1000000 } },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct expire_limits l = { 0 };
		struct err err = { 0 };

		ok(expire_parse(&l, t[i].text, &err) == 0 && err.status == 0, "'%s' is read",
		    t[i].text);
		is_u64(l.octets, t[i].want.octets, "its size");
		is_i64(l.age_ns, t[i].want.age_ns, "its age");
		ok(l.free_share == t[i].want.free_share, "its free share");
		is_u64(l.free_octets, t[i].want.free_octets, "its free octets");
		is_u64(l.files, t[i].want.files, "its files");
	}
}

#define SIZE ": expected a size and its unit, such as size=500G"
#define AGE ": expected a duration and its unit, such as age=90d"
#define FREE ": expected a share or a size of the file system, such as free=10% or free=50G"
#define FILES ": expected a number from 1, such as files=10000"
#define NONE "'': expected limits, such as size=500G,age=90d,free=10%,files=10000"

static void
test_bad(void)
{
	static const struct {
		const char *text, *why;
	} t[] = {
		{ "", NONE },
		{ ",", NONE },
		{ "size=1G,", NONE },
		{ "size=1G,,age=1d", NONE },
		{ "size", "'size'" SIZE },
		{ "size=", "'size='" SIZE },
		{ "size=500", "'size=500'" SIZE },
		{ "size=0", "'size=0'" SIZE },
		{ "size=0G", "'size=0G'" SIZE },
		{ "size=-1G", "'size=-1G'" SIZE },
		{ "size=1Z", "'size=1Z'" SIZE },
		{ "size=1.", "'size=1.'" SIZE },
		{ "size=99E", "'size=99E'" SIZE },
		{ "size= 1G", "'size= 1G'" SIZE },
		{ "size==1G", "'size==1G'" SIZE },
		{ "size=10%", "'size=10%'" SIZE },
		{ "age=90", "'age=90'" AGE },
		{ "age=0d", "'age=0d'" AGE },
		{ "age=-1d", "'age=-1d'" AGE },
		{ "age=1y", "'age=1y'" AGE },
		{ "age=90ms", "'age=90ms'" AGE },
		{ "age=1d5us", "'age=1d5us'" AGE },
		{ "age=300000d", "'age=300000d'" AGE },
		{ "free=10", "'free=10'" FREE },
		{ "free=%", "'free=%'" FREE },
		{ "free=0%", "'free=0%'" FREE },
		{ "free=100%", "'free=100%'" FREE },
		{ "free=1e-323%", "'free=1e-323%'" FREE },
		{ "free=nan%", "'free=nan%'" FREE },
		{ "free=-5%", "'free=-5%'" FREE },
		{ "files=0", "'files=0'" FILES },
		{ "files=1.5", "'files=1.5'" FILES },
		{ "files=18446744073709551616", "'files=18446744073709551616'" FILES },
		{ "sise=1G", "'sise': no limit; did you mean 'size'?" },
		{ "SIZE=1G", "'SIZE': no limit; known are size=, age=, free= and files=" },
		{ "=1G", "'': no limit; known are size=, age=, free= and files=" },
		{ "500G", "'500G': no limit; known are size=, age=, free= and files=" },
		{ "size=1G,size=2G", "'size=2G': a second limit of that name" },
		{ "free=1%,free=1G", "'free=1G': a second limit of that name" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct expire_limits l = { 0 };
		struct err err = { 0 };

		ok(expire_parse(&l, t[i].text, &err) == -1 && err.status == EXIT_USAGE,
		    "'%s' is refused", t[i].text);
		is_str(err.text, t[i].why, "and the reason is told");
	}
}

static void
test_several_texts(void)
{
	struct expire_limits l = { 0 };
	struct err err = { 0 };

	ok(expire_parse(&l, "size=1G", &err) == 0 && expire_parse(&l, "age=2d", &err) == 0,
	    "a second text adds to the first");
	is_u64(l.octets, 1000000000, "whose limit stays");
	is_i64(l.age_ns, 2 * day_ns, "beside the new one");
	ok(expire_parse(&l, "size=1G", &err) == -1, "and may not repeat it");
}

static void
test_long(void)
{
	struct expire_limits l = { 0 };
	struct err err = { 0 };
	char text[4096];

	memset(text, 'x', sizeof(text));
	memcpy(text, "size=", 5);
	text[sizeof(text) - 1] = '\0';
	ok(expire_parse(&l, text, &err) == -1 && strstr(err.text, SIZE) != NULL,
	    "a text of any length leaves room for the reason");
	err.status = 0;
	memset(text, 'x', 5);
	ok(expire_parse(&l, text, &err) == -1 && strstr(err.text, "known are") != NULL,
	    "a name of any length too");
}

int
main(void)
{
	test_good();
	test_bad();
	test_several_texts();
	test_long();
	return done_testing();
}
