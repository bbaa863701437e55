/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <idn2.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <unictype.h>

/* Room for a local-part of 64 octets in NFKD; the longest decomposition is 11 times its source. */
#define DECOMPOSED_MAX (POSTERN_LOCAL_PART_MAX * 12)

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool postern_address_is_atext(unsigned char octet)
{
	return is_letter(octet) || is_digit(octet) || octet >= 0x80 ||
	       (octet != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", octet) != NULL);
}

static bool is_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

/* Code points that nobody types in an address and that make two look alike or reorder what is
   shown. NFC turns a few (U+212A, U+037E) into ASCII, which other software may not do. */
static bool is_deceptive(ucs4_t c)
{
	ucs4_t decomposed[UC_DECOMPOSITION_MAX_LENGTH];

	if (c == 0x200c || c == 0x200d) /* joiners are letters of some scripts */
		return false;
	if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z))
		return true;
	return uc_canonical_decomposition(c, decomposed) == 1 && decomposed[0] < 0x80;
}

static int check_characters(const char *text, size_t size, const char *part,
			    const char **error_r)
{
	const uint8_t *pos = (const uint8_t *)text;
	const uint8_t *end = pos + size;

	if (u8_check(pos, size) != NULL)
		return postern_error(error_r, "the %s of the address is not valid UTF-8", part);
	while (pos < end) {
		ucs4_t c;

		pos += u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));
		if (c >= 0x80 && is_deceptive(c))
			return postern_error(error_r, "the %s of the address has a character "
					     "that is not allowed there (U+%04X)", part,
					     (unsigned)c);
	}
	return 0;
}

static int no_memory(const char **error_r)
{
	postern_error(error_r, "no memory to read an address");
	return POSTERN_ADDRESS_NO_MEMORY;
}

/* Normalises into a buffer that has room for a NUL; 0, 1 if it does not fit, or NO_MEMORY. */
static int normalize(uninorm_t form, const char *text, size_t size, char *text_r, size_t max)
{
	size_t length = max - 1;
	uint8_t *result;

	result = u8_normalize(form, (const uint8_t *)text, size, (uint8_t *)text_r, &length);
	if (result == NULL) /* text is valid UTF-8 */
		return POSTERN_ADDRESS_NO_MEMORY;
	if (result != (uint8_t *)text_r) { /* on the heap because it is longer */
		free(result);
		return 1;
	}
	text_r[length] = '\0';
	return 0;
}

/* A fullwidth at-sign or stop is folded to the real one by whoever applies NFKC. 1 when there is one, or
   what could not be looked at; NO_MEMORY. */
static int hides_special(const char *local_part)
{
	char decomposed[DECOMPOSED_MAX];
	size_t dots = 0;

	int ret = normalize(UNINORM_NFKD, local_part, strlen(local_part), decomposed,
			    sizeof(decomposed));

	if (ret != 0)
		return ret;
	for (const char *p = local_part; *p != '\0'; p++)
		dots += *p == '.';
	for (const char *p = decomposed; *p != '\0'; p++) {
		if (*p == '.')
			dots--;
		else if (!postern_address_is_atext((unsigned char)*p))
			return 1;
	}
	return dots != 0;
}

static int compose_local_part(const char *text, size_t size, char *local_part_r,
			      const char **error_r)
{
	int ret;

	if (check_characters(text, size, "local-part", error_r) < 0)
		return -1;
	ret = normalize(UNINORM_NFC, text, size, local_part_r, POSTERN_LOCAL_PART_MAX + 1);
	if (ret > 0)
		return postern_error(error_r, "the address has more than %d octets before the @",
				     POSTERN_LOCAL_PART_MAX);
	if (ret == 0)
		ret = hides_special(local_part_r);
	if (ret > 0)
		return postern_error(error_r, "the local-part of the address has a character that "
				     "looks like punctuation");
	return ret < 0 ? no_memory(error_r) : 0;
}

static int set_local_part(const char *text, size_t size, struct postern_address *address,
			  const char **error_r)
{
	int ret = 0;

	if (size == 0)
		return postern_error(error_r, "the address has nothing before the @");
	if (size > POSTERN_LOCAL_PART_MAX)
		return postern_error(error_r, "the address has more than %d octets before the @",
				     POSTERN_LOCAL_PART_MAX);
	if (is_ascii(text, size)) {
		memcpy(address->exact, text, size);
		address->exact[size] = '\0';
	} else {
		ret = compose_local_part(text, size, address->exact, error_r);
	}
	strcpy(address->local_part, address->exact);
	for (char *p = address->local_part; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return ret;
}

/* Reads up to and including the closing quote. RFC 5322 allows any printable character in the
   quotes, with a backslash too; other software splits such addresses elsewhere, so only what
   could have stood there without the quotes, and dots in any place, is taken. */
static int parse_quoted(const char *text, size_t size, size_t *used_r,
			struct postern_address *address, const char **error_r)
{
	size_t i;

	for (i = 1; i < size && text[i] != '"'; i++) {
		if (!postern_address_is_atext((unsigned char)text[i]) && text[i] != '.')
			return postern_error(error_r, "the quoted part of the address has a "
					     "character that is not allowed there");
	}
	if (i >= size)
		return postern_error(error_r, "the address has an opening quote and no closing one");
	*used_r = i + 1;
	return set_local_part(text + 1, i - 1, address, error_r);
}

static int parse_dot_atom(const char *text, size_t size, size_t *used_r,
			  struct postern_address *address, const char **error_r)
{
	size_t i;

	for (i = 0; i < size && text[i] != '@'; i++) {
		if (text[i] == '.') {
			if (i == 0 || text[i - 1] == '.' || i + 1 == size || text[i + 1] == '@')
				return postern_error(error_r, "the address has a dot in the "
						     "wrong place before the @");
		} else if (!postern_address_is_atext((unsigned char)text[i])) {
			return postern_error(error_r, "the address has a character before the "
					     "@ that is not allowed there");
		}
	}
	*used_r = i;
	return set_local_part(text, i, address, error_r);
}

/* Letters, digits and hyphens (RFC 5321, 4.1.2), labels of 1 to 63 octets, no dot at the end. */
static int check_labels(const char *domain, const char **error_r)
{
	size_t label = 0;

	for (const char *p = domain;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || label > 63)
				return postern_error(error_r, "the domain has a label that is "
						     "empty or longer than 63 octets");
			if (p[-1] == '-')
				return postern_error(error_r, "the domain has a label that ends "
						     "in a hyphen");
			if (*p == '\0')
				return 0;
			label = 0;
		} else if (*p == '-' && label == 0) {
			return postern_error(error_r, "the domain has a label that begins with a "
					     "hyphen");
		} else if (!is_letter((unsigned char)*p) && !is_digit((unsigned char)*p) &&
			   *p != '-') {
			return postern_error(error_r, "the domain has a character that is not "
					     "allowed there");
		} else {
			label++;
		}
	}
}

static bool has_a_label(const char *domain)
{
	return strncmp(domain, "xn--", 4) == 0 || strstr(domain, ".xn--") != NULL;
}

/* Lower case by simple mappings alone: the wider ones of UTS 46 (fullwidth letters, ideographic
   full stop) are not what every reader of the address applies. */
static int lower_domain(const char *text, size_t size, char *domain_r, size_t max,
			const char **error_r)
{
	const uint8_t *pos = (const uint8_t *)text;
	const uint8_t *end = pos + size;
	size_t used = 0;

	if (check_characters(text, size, "domain", error_r) < 0)
		return -1;
	while (pos < end) {
		ucs4_t c, lower;
		int width;

		pos += u8_mbtouc_unsafe(&c, pos, (size_t)(end - pos));
		lower = uc_tolower(c);
		if (c >= 0x80 && lower < 0x80)
			return postern_error(error_r, "the domain has a character that is not "
					     "allowed there (U+%04X)", (unsigned)c);
		width = u8_uctomb((uint8_t *)domain_r + used, lower, (ptrdiff_t)(max - used - 1));
		if (width < 0)
			return postern_error(error_r, "the domain is too long");
		used += (size_t)width;
	}
	domain_r[used] = '\0';
	return 0;
}

/* libidn2 2.3.3 lets a U-label begin or end with one (RFC 5891, 4.2.3.1 does not). */
static bool has_stray_hyphen(const char *domain)
{
	size_t length = strlen(domain);

	return domain[0] == '-' || domain[length - 1] == '-' || strstr(domain, ".-") != NULL ||
	       strstr(domain, "-.") != NULL;
}

/* IDNA2008 proper, which also proves an A-label by decoding and encoding it again. */
static int to_a_labels(const char *text, size_t size, char *domain_r, const char **error_r)
{
	char lower[POSTERN_DOMAIN_MAX + 1], composed[POSTERN_DOMAIN_MAX + 1];
	uint8_t *ascii = NULL;
	int ret = -1, status;

	if (lower_domain(text, size, lower, sizeof(lower), error_r) < 0)
		return -1;
	status = normalize(UNINORM_NFC, lower, strlen(lower), composed, sizeof(composed));
	if (status != 0)
		return status < 0 ? no_memory(error_r) :
				    postern_error(error_r, "the domain is too long");
	if (has_stray_hyphen(composed))
		return postern_error(error_r, "the domain has a label that begins or ends with a "
				     "hyphen");
	status = idn2_lookup_u8((const uint8_t *)composed, &ascii, IDN2_NO_TR46);
	if (status == IDN2_MALLOC)
		return no_memory(error_r);
	if (status != IDN2_OK) {
		postern_error(error_r, "the domain is not a valid internationalised name: %s",
			      idn2_strerror(status));
		goto out;
	}
	if (strlen((char *)ascii) > POSTERN_DOMAIN_MAX) {
		postern_error(error_r, "the domain is too long");
		goto out;
	}
	strcpy(domain_r, (char *)ascii);
	ret = check_labels(domain_r, error_r);
out:
	idn2_free(ascii);
	return ret;
}

int postern_domain_normalize(const char *text, size_t size,
			     char domain_r[POSTERN_DOMAIN_MAX + 1], const char **error_r)
{
	if (size == 0)
		return postern_error(error_r, "the domain is empty");
	if (size > POSTERN_DOMAIN_MAX)
		return postern_error(error_r, "the domain is too long");
	if (memchr(text, '\0', size) != NULL)
		return postern_error(error_r, "the domain has a character that is not allowed "
				     "there");
	if (!is_ascii(text, size))
		return to_a_labels(text, size, domain_r, error_r);
	for (size_t i = 0; i < size; i++)
		domain_r[i] = ascii_lower(text[i]);
	domain_r[size] = '\0';
	if (check_labels(domain_r, error_r) < 0)
		return -1;
	return has_a_label(domain_r) ? to_a_labels(text, size, domain_r, error_r) : 0;
}

int postern_address_parse(const char *text, size_t size, struct postern_address *address_r,
			  const char **error_r)
{
	size_t used = 0;
	int ret;

	memset(address_r, 0, sizeof(*address_r));
	if (size > 0 && text[0] == '"')
		ret = parse_quoted(text, size, &used, address_r, error_r);
	else
		ret = parse_dot_atom(text, size, &used, address_r, error_r);
	if (ret < 0)
		return ret;
	if (used >= size || text[used] != '@')
		return postern_error(error_r, "the address has no domain");
	used++;
	return postern_domain_normalize(text + used, size - used, address_r->domain, error_r);
}

int postern_address_parse_path(const char *path, struct postern_address *address_r,
			       const char **error_r)
{
	size_t size = strlen(path);

	if (size < 2 || path[0] != '<' || path[size - 1] != '>') {
		memset(address_r, 0, sizeof(*address_r));
		return postern_error(error_r, "the path has no angle brackets");
	}
	return postern_address_parse(path + 1, size - 2, address_r, error_r);
}

void postern_address_apply_case(struct postern_address *address, char *const *domains)
{
	for (; domains != NULL && *domains != NULL; domains++) {
		if (strcmp(*domains, address->domain) == 0)
			strcpy(address->local_part, address->exact);
	}
}

void postern_address_format(const struct postern_address *address, char *text_r, size_t size)
{
	const char *local_part = address->local_part;
	size_t length = strlen(local_part);
	bool quote = length == 0 || local_part[0] == '.' || local_part[length - 1] == '.' ||
		     strstr(local_part, "..") != NULL;
	size_t used = 0;

	assert(size >= 2 * POSTERN_ADDRESS_MAX);
	if (quote)
		text_r[used++] = '"';
	memcpy(text_r + used, local_part, length);
	used += length;
	if (quote)
		text_r[used++] = '"';
	text_r[used++] = '@';
	strcpy(text_r + used, address->domain);
}

bool postern_address_base(const struct postern_address *address, char delimiter,
			  struct postern_address *base_r)
{
	const char *tag;

	if (delimiter == '\0')
		return false;
	/* The first one decides, as in Postfix: "+a+b" has no base. */
	tag = strchr(address->local_part, delimiter);
	if (tag == NULL || tag == address->local_part || tag[1] == '\0')
		return false;
	*base_r = *address;
	base_r->local_part[tag - address->local_part] = '\0';
	return true;
}
