/*
 * plan.c - which files the limits of a store demand.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/num.h"
#include "plan.h"

static uint64_t
share(uint64_t n, double of)
{
	return of < 1 ? (uint64_t)((double)n * of) : n;
}

/* Free is what is available to users, out of that and what is used: as df(1) counts percents. */
static int
plan_free(struct plan *p, double watermark, const struct store *s, struct err *err)
{
	const struct expire_limits *l = p->limits;
	struct statvfs fs;
	char size[FMT_MAX];
	uint64_t total;
	double aim;

	if (l->free_share == 0 && l->free_octets == 0)
		return 0;
	if (fstatvfs(s->fd, &fs) != 0)
		return err_system(err, "cannot ask its file system");
	p->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	total = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize + p->available;
	p->available_least = l->free_octets > 0 ? l->free_octets : share(total, l->free_share);
	aim = (double)p->available_least / watermark;
	if (aim >= (double)total)
		return err_set(err, "its file system of %.*s can never have as much free as asked",
		    (int)fmt_scaled(size, (double)total), size);
	if (p->available < p->available_least)
		p->available_aim = watermark < 1 ? (uint64_t)aim : p->available_least;
	return 0;
}

int
plan_deletions(struct plan *p, const struct expire_limits *limits, double watermark,
    const struct store *s, struct err *err)
{
	*p = (struct plan){ .limits = limits,
		.files = s->n_files,
		.before_ns = INT64_MIN,
		.octets_most = UINT64_MAX,
		.files_most = UINT64_MAX };
	for (size_t i = 0; i < s->n_files; i++)
		p->octets += s->files[i].octets;
	if (limits->age_ns > 0)
		p->before_ns = s->now_ns - limits->age_ns;
	if (limits->octets > 0 && p->octets > limits->octets)
		p->octets_most = share(limits->octets, watermark);
	if (limits->files > 0 && p->files > limits->files)
		p->files_most = share(limits->files, watermark);
	return plan_free(p, watermark, s, err);
}

bool
plan_exceeded(const struct plan *p)
{
	return p->octets_most != UINT64_MAX || p->files_most != UINT64_MAX;
}

const char *
plan_demands(const struct plan *p, const struct store *s, const struct store_file *f)
{
	if (f->time_ns < p->before_ns)
		return "age";
	if (p->octets > p->octets_most)
		return "size";
	if (p->files > p->files_most)
		return "files";
	if (p->available < p->available_aim && f->dev == s->dev)
		return "free";
	return NULL;
}

void
plan_without(struct plan *p, const struct store *s, const struct store_file *f, bool foreign)
{
	p->octets -= f->octets;
	p->files--;
	if (!foreign && f->dev == s->dev)
		p->available += f->octets;
}

const char *
plan_unkept(const struct plan *p, uint64_t *is, uint64_t *asked)
{
	const struct expire_limits *l = p->limits;

	if (l->octets > 0 && p->octets > l->octets) {
		*is = p->octets;
		*asked = l->octets;
		return "size";
	}
	if (l->files > 0 && p->files > l->files) {
		*is = p->files;
		*asked = l->files;
		return "files";
	}
	if (p->available < p->available_least) {
		*is = p->available;
		*asked = p->available_least;
		return "free";
	}
	return NULL;
}
