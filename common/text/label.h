/*
 * label.h - names in place of the numbers of a column (flow/names.h), as texts of a format.
 *
 * A batch has few different numbers of anything that is named: each is looked up and escaped once, and
 * then found again by its value and whose the record is.
 */
#ifndef TEXT_LABEL_H
#define TEXT_LABEL_H

#include "flow/names.h"
#include "text/text.h"

enum { LABEL_COLUMNS = 40 }; /* columns that the text of a table cell may take */

struct label;

/* Names for column col of the batch; NULL: it is printed as it is.  names: NULL, nothing is. */
struct label *label_new(const struct names *, enum text_format, struct batch *, unsigned col);
void label_free(struct label *); /* takes NULL */

/*
 * What to print for a record, quoted and escaped as the format wants it, valid until the next call; NULL:
 * it has no value, or the value no name: print it as it is.
 */
const char *label_at(struct label *, size_t rec, size_t *n);

/*
 * What exporters call an element that this toolkit does not know (RFC 5610); NULL: nothing, or what
 * another of the n columns beside it is called.
 */
const struct name *label_element(
    const struct names *, const struct field_id *, const struct field_id *beside, size_t n);

#endif
