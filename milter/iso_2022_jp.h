/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_ISO_2022_JP_H
#define POSTERN_ISO_2022_JP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * ISO-2022-JP (RFC 1468) as Japanese mail clients really write it, with half-width katakana (ESC (
 * I), JIS X 0212 (ESC $ ( D) and NEC's and IBM's characters, on its way to EUC-JP, whose iconv
 * converter knows them all; that of ISO-2022-JP does not. Strict in what decides where text begins
 * and ends: no other escape, no SO and SI, and the text ends in ASCII or JIS X 0201 Roman.
 */

/* Octets of EUC-JP that size octets of ISO-2022-JP become at most. */
#define POSTERN_EUC_JP_SIZE(size) (2 * (size))

/* euc has room for POSTERN_EUC_JP_SIZE(size). False when it is no such text. */
bool postern_iso_2022_jp_to_euc(const char *octets, size_t size, char *euc, size_t *euc_size_r);

#endif
