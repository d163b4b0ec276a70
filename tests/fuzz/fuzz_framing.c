/*
 * IPFIX messages out of octets that are cut in pieces: the first octet seeds the cuts.  Whatever they are,
 * the messages are the same as of the octets in one piece, and are the octets themselves.
 */
#include <assert.h>

#include "base/buf.h"
#include "net/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Messages, one behind the other, of the octets in pieces of 1 + cut % 64 (cut 0: in one). */
static int
frame(const uint8_t *data, size_t len, uint32_t cut, struct buf *out, struct err *err)
{
	struct framing f = { .held = NULL };
	size_t at = 0;
	int rc = 0;

	while (at < len && rc == 0) {
		size_t n = cut == 0 ? len : 1 + (cut = cut * 1664525 + 1013904223) / 65536 % 64;
		struct cursor in = cur_over(data + at, n < len - at ? n : len - at);
		const uint8_t *message;
		size_t message_len;

		at += cur_left(&in);
		while ((rc = framing_next(&f, &in, &message, &message_len, err)) == 1) {
			assert(message_len >= MESSAGE_HEADER && message_len <= MESSAGE_MAX);
			assert(be_uint(message, 2) == 10 && be_uint(message + 2, 2) == message_len);
			buf_put(out, message, message_len);
		}
		assert(rc < 0 || cur_left(&in) == 0);
		assert(f.cap <= MESSAGE_MAX && (f.len == 0 || f.cap <= 2 * f.len + 64));
	}
	assert((rc < 0) == (err->status != 0));
	assert(rc < 0 || framing_incomplete(&f, err) == (out->len < len));
	framing_free(&f);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = { .status = 0 }, cut_err = { .status = 0 };
	struct buf whole = { .len = 0 }, cut = { .len = 0 };
	int rc;

	if (len == 0)
		return 0;
	rc = frame(data + 1, len - 1, 0, &whole, &err);
	assert(whole.len <= len - 1 &&
	       (whole.len == 0 || memcmp(whole.data, data + 1, whole.len) == 0));
	assert(frame(data + 1, len - 1, 1 + data[0], &cut, &cut_err) == rc);
	assert(
	    cut.len == whole.len && (cut.len == 0 || memcmp(cut.data, whole.data, cut.len) == 0));
	assert(rc == 0 || strcmp(err.text, cut_err.text) == 0);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
