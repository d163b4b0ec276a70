#include "stream/pack.h"

#include <pthread.h>
#include <zstd.h>

#include "base/mem.h"

struct packer {
	ZSTD_CCtx *ctx;
	int level;
};

struct packer *
pack_new(int level)
{
	struct packer *p = mem_zero(1, sizeof(*p));

	p->ctx = ZSTD_createCCtx();
	p->level = level;
	return p;
}

void
pack_free(struct packer *p)
{
	if (p == NULL)
		return;
	ZSTD_freeCCtx(p->ctx);
	mem_free(p);
}

size_t
pack_octets(struct packer *p, struct buf *out, const void *data, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	size_t len = p->ctx == NULL
			 ? n
			 : ZSTD_compressCCtx(p->ctx, buf_room(out, room), room, data, n, p->level);

	/* An unpacked copy is read without work: a frame must save an eighth to earn its unpacking. */
	if (ZSTD_isError(len) || len + n / 8 >= n) {
		memcpy(buf_room(out, n), data, n);
		len = n;
	}
	out->len += len;
	return len;
}

static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void
free_context(void *ctx)
{
	ZSTD_freeDCtx(ctx);
}

static void
make_key(void)
{
	pthread_key_create(&context_key, free_context);
}

/* One context a thread, made on first use and freed with it: making one costs more than unpacking a plane. */
bool
unpack_octets(void *dst, size_t n, const void *frame, size_t len)
{
	static _Thread_local ZSTD_DCtx *ctx;

	if (ctx == NULL) {
		pthread_once(&context_once, make_key);
		if ((ctx = ZSTD_createDCtx()) == NULL)
			return false;
		pthread_setspecific(context_key, ctx);
	}
	return ZSTD_decompressDCtx(ctx, dst, n, frame, len) == n;
}
