/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz.h"

/* Runs a fuzz target over the files of the folders in argv, where there is no libFuzzer: so
   every test run replays the corpus. */
static size_t replay_file(const char *folder, const char *name)
{
	static uint8_t data[1 << 20];
	uint8_t *exact;
	char path[4096];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	/* In its own size, so that valgrind and the sanitizers see a step beyond. */
	exact = malloc(size);
	MUST(exact != NULL || size == 0);
	if (size > 0)
		memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;

		if (folder == NULL) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
			return 1;
		}
		while ((entry = readdir(folder)) != NULL) {
			if (entry->d_name[0] != '.')
				count += replay_file(argv[i], entry->d_name);
		}
		closedir(folder);
	}
	printf("%zu inputs\n", count);
	return count == 0;
}
