/*
 * Where to listen and where to send, from any text.  What is refused has a reason; what is accepted is within the
 * bounds of its struct, and reads back the same from what is written for it.
 */
#include <assert.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_same(const struct address *a, enum address_use use)
{
	bool v6 = strchr(a->host, ':') != NULL;
	char text[512];
	struct err err = { .status = 0 };
	struct address b;

	(void)snprintf(text, sizeof text, "%s:%s%s%s%s%s%s%u", transport_name(a->transport),
	    v6 ? "[" : "", a->host, a->scope[0] != '\0' ? "%" : "", a->scope, v6 ? "]" : "",
	    a->host[0] != '\0' ? ":" : "", a->port);
	assert(address_parse(&b, text, use, ~0U, &err) == 0);
	assert(b.transport == a->transport && b.port == a->port && strcmp(b.host, a->host) == 0 &&
	       strcmp(b.scope, a->scope) == 0);
}

/* An address as the kernel would have it, printed. */
static void
check_endpoint(const uint8_t *data, size_t len)
{
	struct endpoint e = { .port = (uint16_t)len, .scope = (uint32_t)len }, back;
	struct sockaddr_storage kernel;
	char text[ENDPOINT_TEXT_MAX];

	memcpy(e.addr.b, data, 16);
	assert(endpoint_fmt(text, &e) <= ENDPOINT_TEXT_MAX);
	(void)endpoint_sockaddr(&e, &kernel);
	endpoint_from(&back, &kernel);
	assert(memcmp(&back.addr, &e.addr, sizeof e.addr) == 0 && back.port == e.port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = mem_string_n((const char *)data, len);

	for (unsigned transports = 1; transports < 1U << TRANSPORTS; transports++)
		for (int use = ADDRESS_LISTEN; use <= ADDRESS_SEND; use++) {
			struct err err = { .status = 0 };
			struct address a;

			if (address_parse(&a, text, (enum address_use)use, transports, &err) != 0) {
				assert(err.status == EXIT_USAGE && err.text[0] != '\0');
				continue;
			}
			assert((transports >> a.transport & 1) != 0);
			assert(strnlen(a.host, sizeof a.host) <= ADDRESS_HOST_MAX);
			assert(strnlen(a.scope, sizeof a.scope) <= ADDRESS_SCOPE_MAX);
			assert(use == ADDRESS_LISTEN || (a.host[0] != '\0' && a.port != 0));
			check_same(&a, (enum address_use)use);
		}
	mem_free(text);
	if (len >= 16)
		check_endpoint(data, len);
	return 0;
}
