/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench_ticks.h: how many ticks a few instructions take, to the tick
 *
 * In one piece of assembler, so that what lies between the two readings of the clock is the
 * same for all: but for the given text, BENCH_AROUND instructions.
 */
#ifndef REFCDEV_BENCH_TICKS_H
#define REFCDEV_BENCH_TICKS_H

#include <stdint.h>

/* rdtsc and three moves before, one move after. */
#define BENCH_AROUND	5

struct bench_regs {
	long nr, args[3];
};

/*
 * Returns the ticks; what the text leaves in rax goes to @result. Half of the clock's bits
 * are enough for a difference.
 */
#define bench_ticks(text, regs, result)						\
({										\
	const struct bench_regs *__regs = (regs);				\
	register long __result asm("r13");					\
	uint32_t __ticks;							\
										\
	asm volatile("rdtsc\n\t"						\
		     "mov %%eax, %%r12d\n\t"					\
		     "mov %[nr], %%rax\n\t"					\
		     "mov %[arg2], %%rdx\n\t"					\
		     text "\n\t"						\
		     "mov %%rax, %%r13\n\t"					\
		     "rdtsc\n\t"						\
		     "sub %%r12d, %%eax"					\
		     : "=&a" (__ticks), "=&r" (__result)			\
		     : [nr] "r" (__regs->nr), "D" (__regs->args[0]),		\
		       "S" (__regs->args[1]), [arg2] "r" (__regs->args[2])	\
		     : "rcx", "rdx", "r11", "r12", "memory", "cc");		\
	*(result) = __result;							\
	__ticks;								\
})

#endif /* REFCDEV_BENCH_TICKS_H */
