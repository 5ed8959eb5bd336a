// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench_proxy.c: the proxy with no technique in it: what it costs by itself
 */
#include "bench.h"

static __always_inline int proxy_enter(struct bench *bench)
{
	return 0;
}

static __always_inline void proxy_exit(struct bench *bench, int token)
{
}

BENCH_PROXY(proxy, -ENXIO, EPOLLERR);

const struct bench_technique bench_proxy = {
	.name		= "proxy",
	.user		= "nobody",
	.size		= sizeof(struct bench),
	.proxy		= &proxy_dispatcher,
};
