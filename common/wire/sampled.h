/*
 * sampled.h - records get the sampling interval that options or the user said.
 */
#ifndef WIRE_SAMPLED_H
#define WIRE_SAMPLED_H

#include "wire/step.h"

/* Records of the task that do not tell their interval themselves: OWN_SAMPLING, and where it is from. */
void sampled_records(const struct task *);

#endif
