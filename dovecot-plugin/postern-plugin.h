/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PLUGIN_H
#define POSTERN_PLUGIN_H

/* The three names that Dovecot's module loader looks for in postern_plugin.so; nothing else is
   exported. */
#define POSTERN_EXPORT __attribute__((visibility("default")))

struct module;

POSTERN_EXPORT extern const char *postern_plugin_version;
POSTERN_EXPORT void postern_plugin_init(struct module *module);
POSTERN_EXPORT void postern_plugin_deinit(void);

#endif
