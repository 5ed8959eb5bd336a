bench_scale: bench_scale.c bench.h harness.h util.h
bench.h:
harness.h:
util.h:
