// SPDX-License-Identifier: GPL-2.0-only
/*
 * managed_memory.c: memory that is freed with an object: an entry of managed.c's list, with
 * the memory behind it
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "managed.h"

static void *memory_add(struct lifetime *life, size_t size, gfp_t gfp, const char *kind,
			unsigned long caller)
{
	struct managed *managed = managed_alloc(size, gfp);

	if (!managed)
		return NULL;
	managed_describe(managed, kind, size, NULL, caller);
	if (!managed_add(life, managed))
		return managed->data;
	kfree(managed);
	return NULL;
}

/**
 * lifetime_kmalloc() - memory that is freed with the object
 * @life: the object
 * @size: in bytes
 * @gfp: as for kmalloc()
 *
 * Never to be given to kfree(), which finds that it is not what was allocated; see
 * lifetime_kfree(). Aligned as a long long, not as kmalloc() memory of its size.
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the memory, or NULL.
 */
void *lifetime_kmalloc(struct lifetime *life, size_t size, gfp_t gfp)
{
	return memory_add(life, size, gfp, "memory", _RET_IP_);
}
EXPORT_SYMBOL_GPL(lifetime_kmalloc);

/**
 * lifetime_kmemdup() - a copy that is freed with the object
 * @life: the object
 * @from: what to copy
 * @size: in bytes
 * @gfp: as for kmalloc()
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the copy, or NULL.
 */
void *lifetime_kmemdup(struct lifetime *life, const void *from, size_t size, gfp_t gfp)
{
	void *copy = memory_add(life, size, gfp, "memory", _RET_IP_);

	return copy ? memcpy(copy, from, size) : NULL;
}
EXPORT_SYMBOL_GPL(lifetime_kmemdup);

/**
 * lifetime_kstrdup() - a copy of a string that is freed with the object
 * @life: the object
 * @string: the string, or NULL
 * @gfp: as for kmalloc()
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the copy; NULL if there is no memory, or no @string.
 */
char *lifetime_kstrdup(struct lifetime *life, const char *string, gfp_t gfp)
{
	size_t size = string ? strlen(string) + 1 : 0;
	char *copy = string ? memory_add(life, size, gfp, "string", _RET_IP_) : NULL;

	return copy ? memcpy(copy, string, size) : NULL;
}
EXPORT_SYMBOL_GPL(lifetime_kstrdup);

static __printf(3, 0) char *format_add(struct lifetime *life, gfp_t gfp, const char *format,
				       va_list args, unsigned long caller)
{
	va_list again;
	char *string;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	string = memory_add(life, length + 1, gfp, "string", caller);
	/* What it prints may have changed meanwhile; it is cut off then. */
	if (string)
		vsnprintf(string, length + 1, format, args);
	return string;
}

/**
 * lifetime_kvasprintf() - a formatted string that is freed with the object
 * @life: the object
 * @gfp: as for kmalloc()
 * @format: as for printf()
 * @args: what it asks for
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the string, or NULL.
 */
char *lifetime_kvasprintf(struct lifetime *life, gfp_t gfp, const char *format, va_list args)
{
	return format_add(life, gfp, format, args, _RET_IP_);
}
EXPORT_SYMBOL_GPL(lifetime_kvasprintf);

/**
 * lifetime_kasprintf() - a formatted string that is freed with the object
 * @life: the object
 * @gfp: as for kmalloc()
 * @format: as for printf(), followed by what it asks for
 *
 * Context: any that @gfp allows, but NMI. The caller has a reference.
 * Return: the string, or NULL.
 */
char *lifetime_kasprintf(struct lifetime *life, gfp_t gfp, const char *format, ...)
{
	va_list args;
	char *string;

	va_start(args, format);
	string = format_add(life, gfp, format, args, _RET_IP_);
	va_end(args);
	return string;
}
EXPORT_SYMBOL_GPL(lifetime_kasprintf);

/**
 * lifetime_kfree() - free managed memory before its object
 * @life: the object
 * @memory: what lifetime_kmalloc() or one of its siblings returned, or NULL
 *
 * What is not memory of @life, or not any more, is left alone, with a warning.
 *
 * Context: any but NMI. The caller has a reference.
 */
void lifetime_kfree(struct lifetime *life, const void *memory)
{
	struct managed *managed = memory ? managed_take(life, NULL, NULL, memory) : NULL;

	WARN_ONCE(memory && !managed,
		  "refcdev: %s: freed what is no memory of this object, or was freed before\n",
		  life->name);
	kfree(managed);
}
EXPORT_SYMBOL_GPL(lifetime_kfree);
