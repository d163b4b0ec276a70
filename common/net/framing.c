/*
 * framing.c - IPFIX messages out of a stream of octets.
 */
#include "net/framing.h"

#include "base/mem.h"

enum { VERSION = 10, LENGTH_END = 4, HELD_LEAST = 64 };

void
framing_free(struct framing *f)
{
	mem_free(f->held);
	*f = (struct framing){ .held = NULL };
}

/*
 * How long the message is that the n octets begin; 0: they are too few to tell; -1 with err.  The
 * version is looked at before the length is there: who speaks something else may wait for an answer.
 */
static int32_t
message_length(const uint8_t *p, size_t n, struct err *err)
{
	unsigned version, length;

	if (n < 2)
		return 0;
	version = (unsigned)be_uint(p, 2);
	if (version != VERSION)
		return err_set(err, "no IPFIX message: version %u instead of 10", version);
	if (n < LENGTH_END)
		return 0;
	length = (unsigned)be_uint(p + 2, 2);
	if (length < MESSAGE_HEADER)
		return err_set(err, "an IPFIX message cannot have a length of %u", length);
	return (int32_t)length;
}

/* Hold n more octets of in, at most those there are. */
static void
hold(struct framing *f, struct cursor *in, size_t n)
{
	if (n > cur_left(in))
		n = cur_left(in);
	if (n == 0)
		return;
	if (f->len + n > f->cap) {
		f->cap = f->cap > HELD_LEAST / 2 ? f->cap * 2 : HELD_LEAST;
		f->cap = f->cap > f->len + n ? f->cap : f->len + n;
		f->cap = f->cap < MESSAGE_MAX ? f->cap : MESSAGE_MAX;
		f->held = mem_resize(f->held, f->cap, 1);
	}
	memcpy(f->held + f->len, cur_octets(in, n), n);
	f->len += n;
}

/* The message that is held from its begin. */
static int
complete_held(
    struct framing *f, struct cursor *in, const uint8_t **data, size_t *len, struct err *err)
{
	int32_t length;

	if (f->len < LENGTH_END)
		hold(f, in, LENGTH_END - f->len);
	length = message_length(f->held, f->len, err);
	if (length <= 0)
		return length;
	hold(f, in, (size_t)length - f->len);
	if (f->len < (size_t)length)
		return 0;
	*data = f->held;
	*len = f->len;
	f->given = true;
	return 1;
}

int
framing_next(
    struct framing *f, struct cursor *in, const uint8_t **data, size_t *len, struct err *err)
{
	int32_t length;

	if (f->given)
		framing_free(f);
	if (f->len > 0)
		return complete_held(f, in, data, len, err);
	length = message_length(in->p, cur_left(in), err);
	if (length < 0)
		return -1;
	if (length == 0 || cur_left(in) < (size_t)length) {
		hold(f, in, cur_left(in));
		return 0;
	}
	*data = cur_octets(in, (size_t)length);
	*len = (size_t)length;
	return 1;
}

bool
framing_incomplete(const struct framing *f, struct err *err)
{
	int32_t length;

	if (f->given || f->len == 0)
		return false;
	length = message_length(f->held, f->len, err);
	if (length > 0)
		err_set(
		    err, "ended within a message, after %zu of its %d octets", f->len, (int)length);
	else
		err_set(err, "ended within a message's header");
	return true;
}
