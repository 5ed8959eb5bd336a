// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump.c: what debugfs says of refcdev's objects, in debug builds
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump.h"

bool dump_find(const char *device, char folder[DUMP_PATH_MAX])
{
	long newest = 0, serial;
	size_t len = strlen(device);
	struct dirent *entry;
	DIR *dir = opendir(DUMPS);

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, device, len) || entry->d_name[len] != '-')
			continue;
		serial = strtol(entry->d_name + len + 1, NULL, 10);
		if (serial > newest) {
			newest = serial;
			snprintf(folder, DUMP_PATH_MAX, DUMPS "/%.80s", entry->d_name);
		}
	}
	if (dir)
		closedir(dir);
	return newest > 0;
}

bool dump_exists(const char *folder)
{
	return access(folder, F_OK) == 0;
}

/* In small pieces: what is not read at once has to fit together all the same. */
int dump_text(const char *folder, const char *file, char text[DUMP_SIZE])
{
	char path[DUMP_PATH_MAX + 16];
	size_t at = 0;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		len = read(fd, text + at, DUMP_SIZE - 1 - at < 1000 ? DUMP_SIZE - 1 - at : 1000);
		if (len > 0)
			at += len;
	} while (len > 0);
	if (len < 0)
		len = -errno;
	close(fd);
	text[at] = 0;
	return len;
}

/* Each line of a file, and how it is understood; false if it is odd. */
typedef bool (*line_fn)(struct dump *dump, const char *line);

static bool state_line(struct dump *dump, const char *line)
{
	char word[16];

	if (sscanf(line, "references %lu", &dump->references) == 1)
		return true;
	if (sscanf(line, "state %15s", word) != 1)
		return strncmp(line, "driver ", 7) == 0;
	dump->state = strcmp(word, "dead") == 0 ? 'D' : *word;
	return strchr("ldD", dump->state);
}

static bool calls_line(struct dump *dump, const char *line)
{
	unsigned long count;
	char word[32];

	if (sscanf(line, "%31s %lu", word, &count) != 2)
		return false;
	dump->calls += count;
	return count < 1000;
}

static bool nodes_line(struct dump *dump, const char *line)
{
	unsigned int major, minor;
	char name[32], word[16];

	dump->nodes++;
	return sscanf(line, "%31s %u:%u %15s", name, &major, &minor, word) == 4 && major > 0;
}

static bool files_line(struct dump *dump, const char *line)
{
	char name[32], comm[32];
	unsigned long ms;
	int pid;

	dump->files++;
	return sscanf(line, "%31s %d %31[^,], %lu ms", name, &pid, comm, &ms) == 4;
}

static bool mappings_line(struct dump *dump, const char *line)
{
	dump->mappings++;
	return strstr(line, " bytes at 0x");
}

static bool resources_line(struct dump *dump, const char *line)
{
	unsigned long count, bytes;
	char kind[16], until[32];

	if (sscanf(line, "total %lu of %lu bytes", &count, &bytes) == 2) {
		dump->adds_up = count == dump->resources && bytes == dump->bytes;
		return true;
	}
	dump->resources++;
	if (sscanf(line, "%15s %lu", kind, &bytes) != 2)
		return false;
	dump->bytes += bytes;
	line = strstr(line, " until ");
	return line && sscanf(line, " until %31s", until) == 1 &&
	       (!strcmp(until, "release") || !strcmp(until, "cancel") || !strcmp(until, "drained"));
}

/* The counts come first; a line with more than two words says who. */
static bool holders_line(struct dump *dump, const char *line)
{
	char word[32], more[8];
	long count;
	int words = sscanf(line, "%31s %ld %7s", word, &count, more);

	if (words == 2)
		dump->held += count;
	return words == 2 || strstr(line, "consumer ") == line || strstr(line, "kernel: ") == line;
}

static int each_line(struct dump *dump, const char *folder, const char *file, line_fn understand)
{
	char text[DUMP_SIZE], *line, *end;
	int ret = dump_text(folder, file, text);

	for (line = text; ret == 0 && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end) {
			dump->odd++;
			break;
		}
		*end = 0;
		dump->odd += !understand(dump, line);
	}
	return ret;
}

int dump_read_state(const char *folder, struct dump *dump)
{
	memset(dump, 0, sizeof(*dump));
	return each_line(dump, folder, "state", state_line);
}

int dump_read(const char *folder, struct dump *dump)
{
	static const struct {
		const char *name;
		line_fn understand;
	} files[] = {
		{ "state", state_line },
		{ "calls", calls_line },
		{ "nodes", nodes_line },
		{ "files", files_line },
		{ "mappings", mappings_line },
		{ "resources", resources_line },
		{ "holders", holders_line },
	};
	unsigned int i;
	int ret = 0;

	memset(dump, 0, sizeof(*dump));
	for (i = 0; i < sizeof(files) / sizeof(files[0]) && ret == 0; i++)
		ret = each_line(dump, folder, files[i].name, files[i].understand);
	return ret;
}
