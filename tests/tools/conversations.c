/*
 * conversations - the conversations of flow records as csv, as ops/conversation.h puts them together: for tests that
 * compute again, from these, what a detector says.
 *
 *	conversations FILE...	(any format; csv by its name or contents, as every program reads it)
 *
 * A line each: client,server,client port,port,proto,start ns,end ns,packets,bytes,rpackets,rbytes,answer,flags.
 */
#include <stdio.h>

#include "base/die.h"
#include "io/io.h"
#include "ops/conversation.h"

static void
print(void *ctx, const struct conversation *c, size_t n)
{
	static const char *const answers[] = { "none", "refused", "given", "only" };
	char client[FMT_MAX], server[FMT_MAX];

	(void)ctx;
	for (size_t i = 0; i < n; i++)
		printf("%.*s,%.*s,%u,%u,%u,%lld,%lld,%llu,%llu,%llu,%llu,%s,%u\n",
		    (int)fmt_ip(client, &c[i].client), client, (int)fmt_ip(server, &c[i].server),
		    server, c[i].client_port, c[i].server_port, c[i].proto,
		    (long long)c[i].start_ns, (long long)c[i].end_ns,
		    (unsigned long long)c[i].packets, (unsigned long long)c[i].bytes,
		    (unsigned long long)c[i].rpackets, (unsigned long long)c[i].rbytes,
		    answers[c[i].answer], c[i].flags);
}

static int
take(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	(void)err;
	if (!b->options)
		conversations_add(ctx, b, sel);
	return 0;
}

int
main(int argc, char **argv)
{
	struct conversations *c = conversations_new(NULL, print, NULL);
	struct io_opts opts;
	struct io_source *source;
	struct io_result result = { 0 };
	struct err err = { 0 };
	int rc = -1;

	diag_init(argv[0]);
	io_opts_init(&opts);
	opts.warn = diag_err;
	source = io_source_open(argv + 1, argc - 1, &opts, &err);
	if (source != NULL) {
		struct io_sink *sink = io_sink_function(&opts, take, c);

		rc = io_run(source, sink, &opts, NULL, NULL, &result, &err);
		if (io_sink_close(sink, true, &err) != 0)
			rc = -1;
	}
	io_source_close(source);
	conversations_finish(c);
	conversations_free(c);
	if (err.status != 0)
		diag_err(NULL, &err);
	return rc < 0 || result.incomplete || fflush(stdout) != 0;
}
