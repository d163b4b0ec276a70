#include "bars.h"

static void
put_block(struct buf *b, unsigned code)
{
	buf_puts(b, "\xe2\x96");
	buf_putc(b, (char)(0x80 + code));
}

void
bars_put(struct buf *b, double part, double most)
{
	unsigned eighths = most > 0 ? (unsigned)(part / most * BAR_WIDTH * 8 + 0.5) : 0;

	if (eighths == 0 && part > 0)
		eighths = 1;
	for (; eighths >= 8; eighths -= 8)
		put_block(b, 8);
	if (eighths > 0)
		put_block(b, 16 - eighths); /* U+2589 seven eighths ... U+258F one */
}

void
bars_spark(struct buf *b, const double *v, size_t n)
{
	size_t places = n < SPARK_WIDTH ? n : SPARK_WIDTH;
	double sum[SPARK_WIDTH] = { 0 }, most = 0;

	for (size_t i = 0; i < n; i++)
		sum[i * places / n] += v[i];
	for (size_t i = 0; i < places; i++)
		most = sum[i] > most ? sum[i] : most;
	for (size_t i = 0; i < places; i++) {
		if (sum[i] > 0)
			put_block(b, 1 + (unsigned)(sum[i] / most * 7));
		else
			buf_putc(b, ' ');
	}
}
