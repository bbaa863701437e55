/* SPDX-License-Identifier: MIT */
#include "mailbox_list.h"

#include <string.h>

#include "encoded_word.h"

static const char two_ways[] =
	"its quotes, comments, backslashes or line ends can be read in two ways";

static bool at_end(const struct postern_mailbox_list *list)
{
	return list->pos == list->end;
}

static bool at(const struct postern_mailbox_list *list, char c)
{
	return !at_end(list) && *list->pos == c;
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || is_line_end(c);
}

static bool is_delimiter(char c)
{
	return is_blank(c) || c == ',';
}

static enum postern_mailbox_outcome malformed(struct postern_mailbox_list *list,
					      const char *reason)
{
	list->reason = reason;
	list->more = false;
	return POSTERN_MAILBOX_MALFORMED;
}

/* At the first octet of an atom, string or comment: true when it touches what stands before it. */
static bool begin_token(struct postern_mailbox_list *list)
{
	bool touches = list->pos > list->start && !is_delimiter(list->pos[-1]);

	list->uneven |= touches;
	return touches;
}

/* One octet inside quotes or a comment. */
static void look_at(struct postern_mailbox_list *list, char c)
{
	list->uneven |= is_line_end(c);
	list->hidden |= strchr("<>@", c) != NULL;
}

/* Ends an atom, string or comment that begins at start of the text. */
static enum postern_mailbox_outcome end_token(struct postern_mailbox_list *list,
					      const struct postern_text *text, size_t start)
{
	if (list->uneven && list->hidden)
		return malformed(list, two_ways);
	if (postern_encoded_words_whole(text->octets + start, text->size - start))
		return POSTERN_MAILBOX_FOUND;
	list->more = false;
	return POSTERN_MAILBOX_ENCODING;
}

static void put(struct postern_text *text, char c)
{
	if (text->blank && text->size > 0)
		text->octets[text->size++] = ' ';
	text->blank = false;
	text->octets[text->size++] = c;
}

static void put_name(struct postern_mailbox *mailbox, char c)
{
	put(&mailbox->name, c);
	put(&mailbox->all, c);
}

static void put_comment(struct postern_mailbox *mailbox, char c)
{
	put(&mailbox->comments, c);
	put(&mailbox->all, c);
}

static void skip_blanks(struct postern_mailbox_list *list, struct postern_mailbox *mailbox)
{
	for (; !at_end(list) && is_blank(*list->pos); list->pos++) {
		mailbox->name.blank = true;
		mailbox->comments.blank = true;
		mailbox->all.blank = true;
	}
}

/* What a comment holds that readers who do not nest comments, or do not know backslashes or
   quotes in them, take for its end or for something else. */
struct comment {
	unsigned depth;
	bool quote;   /* between two quotes, for a reader who knows them here */
	bool nested;  /* or it holds a parenthesis behind a backslash: for some reader it ends there */
	bool special; /* and what follows there could begin or end something */
};

/* False when the backslash stands before nothing that it may quote. */
static bool skip_escaped(struct postern_mailbox_list *list)
{
	list->pos++;
	return !at_end(list) && !is_line_end(*list->pos);
}

/* One octet of a comment, at list->pos, which is not its end. */
static bool read_comment_octet(struct postern_mailbox_list *list,
			       struct postern_mailbox *mailbox, struct comment *comment)
{
	char c = *list->pos;

	if (c == '\\') {
		if (comment->quote || !skip_escaped(list))
			return false;
		comment->nested = true;
		c = *list->pos;
	} else if (c == '(' || c == ')') {
		if (comment->quote)
			return false;
		comment->depth += c == '(' ? 1 : -1U;
		comment->nested = true;
	} else if (c == '"') {
		comment->quote = !comment->quote;
		list->uneven = true;
	}
	comment->special |= strchr("<>@,;:\"", c) != NULL;
	look_at(list, c);
	if (!is_line_end(c))
		put_comment(mailbox, c);
	return true;
}

/* list->pos is at the opening parenthesis. */
static enum postern_mailbox_outcome read_comment(struct postern_mailbox_list *list,
						 struct postern_mailbox *mailbox)
{
	struct comment comment = { .depth = 1 };
	bool touches = begin_token(list);
	size_t start = mailbox->comments.size;

	for (list->pos++; !at_end(list); list->pos++) {
		if (*list->pos == ')' && comment.depth == 1) {
			list->pos++;
			touches |= !at_end(list) && !is_delimiter(*list->pos);
			if (comment.quote || (comment.nested && (comment.special || touches)))
				return malformed(list, two_ways);
			list->uneven |= comment.nested;
			return end_token(list, &mailbox->comments, start);
		}
		if (!read_comment_octet(list, mailbox, &comment))
			return malformed(list, two_ways);
	}
	return malformed(list, "a comment is not closed");
}

/* RFC 5322, 3.2.2: CFWS. */
static enum postern_mailbox_outcome skip_cfws(struct postern_mailbox_list *list,
					      struct postern_mailbox *mailbox)
{
	enum postern_mailbox_outcome outcome = POSTERN_MAILBOX_FOUND;

	skip_blanks(list, mailbox);
	while (outcome == POSTERN_MAILBOX_FOUND && at(list, '(')) {
		outcome = read_comment(list, mailbox);
		skip_blanks(list, mailbox);
	}
	return outcome;
}

/* A quoted word of a display name. list->pos is at the opening quote. */
static enum postern_mailbox_outcome read_quoted(struct postern_mailbox_list *list,
						struct postern_mailbox *mailbox)
{
	size_t start = mailbox->name.size;

	begin_token(list);
	for (list->pos++; !at_end(list) && *list->pos != '"'; list->pos++) {
		if (*list->pos == '\\') {
			if (!skip_escaped(list))
				return malformed(list, "a backslash stands before nothing");
			list->uneven = true;
		}
		look_at(list, *list->pos);
		if (!is_line_end(*list->pos))
			put_name(mailbox, *list->pos);
	}
	if (at_end(list))
		return malformed(list, "a quoted string is not closed");
	list->pos++;
	return end_token(list, &mailbox->name, start);
}

static bool is_dot_atom_octet(char c)
{
	return c == '.' || postern_address_is_atext((unsigned char)c);
}

static const char *skip_dot_atom(const char *pos, const char *end)
{
	while (pos < end && is_dot_atom_octet(*pos))
		pos++;
	return pos;
}

/* Where the local-part that may begin here ends. */
static const char *local_part_end(const struct postern_mailbox_list *list)
{
	const char *pos = list->pos;

	if (!at(list, '"'))
		return skip_dot_atom(pos, list->end);
	for (pos++; pos < list->end && *pos != '"'; pos++) {
		if (*pos == '\\' && pos + 1 < list->end)
			pos++;
	}
	return pos < list->end ? pos + 1 : pos;
}

static bool at_addr_spec(const struct postern_mailbox_list *list)
{
	const char *pos = local_part_end(list);

	return pos < list->end && *pos == '@';
}

/* list->pos is where at_addr_spec was true. */
static enum postern_mailbox_outcome read_addr_spec(struct postern_mailbox_list *list,
						   struct postern_mailbox *mailbox)
{
	const char *start = list->pos;
	const char *at_sign = local_part_end(list);
	const char *error;
	int ret;

	if (at_sign == start)
		return malformed(list, "a route or nothing stands before an at-sign");
	/* Readers who decode encoded words everywhere see another address (RFC 2047, 5 forbids
	   it). */
	if (memmem(start, (size_t)(at_sign - start), "=?", 2) != NULL)
		return malformed(list, "an address holds an encoded word");
	list->pos = skip_dot_atom(at_sign + 1, list->end);
	if (at(list, '['))
		return malformed(list, "an address has a domain in square brackets");
	ret = postern_address_parse(start, (size_t)(list->pos - start), &mailbox->address, &error);
	if (ret == 0)
		return POSTERN_MAILBOX_FOUND;
	list->more = false;
	return ret == POSTERN_ADDRESS_NO_MEMORY ? POSTERN_MAILBOX_NO_MEMORY
						: malformed(list, error);
}

static void skip_inner_blanks(struct postern_mailbox_list *list)
{
	while (at(list, ' ') || at(list, '\t'))
		list->pos++;
}

/* list->pos is at "<". Blanks inside are valid (RFC 5322, 3.4) and everybody strips them;
   comments and folds are not taken. */
static enum postern_mailbox_outcome read_angle_addr(struct postern_mailbox_list *list,
						    struct postern_mailbox *mailbox)
{
	enum postern_mailbox_outcome outcome;

	list->pos++;
	skip_inner_blanks(list);
	if (!at_addr_spec(list))
		return malformed(list, "angle brackets hold no address of the form local@domain");
	outcome = read_addr_spec(list, mailbox);
	if (outcome != POSTERN_MAILBOX_FOUND)
		return outcome;
	skip_inner_blanks(list);
	if (!at(list, '>'))
		return malformed(list, "angle brackets hold more than an address");
	list->pos++;
	return POSTERN_MAILBOX_FOUND;
}

static enum postern_mailbox_outcome read_atom(struct postern_mailbox_list *list,
					      struct postern_mailbox *mailbox)
{
	const char *end = skip_dot_atom(list->pos, list->end);
	size_t start = mailbox->name.size;

	begin_token(list);
	while (list->pos < end)
		put_name(mailbox, *list->pos++);
	return end_token(list, &mailbox->name, start);
}

/* [display-name] angle-addr, or the display name of a group. */
static enum postern_mailbox_outcome read_name_addr(struct postern_mailbox_list *list,
						   struct postern_mailbox *mailbox)
{
	enum postern_mailbox_outcome outcome = POSTERN_MAILBOX_FOUND;
	bool name = false;

	while (outcome == POSTERN_MAILBOX_FOUND && !at(list, '<')) {
		if (at(list, ':') && name) {
			list->more = false;
			return POSTERN_MAILBOX_GROUP;
		}
		if (at_end(list) || at(list, ','))
			return malformed(list, name ? "a name has no address in angle brackets"
						    : "an address is missing");
		if (at(list, '@'))
			return malformed(list, "an at-sign stands outside of an address");
		if (at(list, '"'))
			outcome = read_quoted(list, mailbox);
		else if (is_dot_atom_octet(*list->pos) && (name || !at(list, '.')))
			outcome = read_atom(list, mailbox);
		else
			return malformed(list, "a special character stands outside of quotes");
		name = true;
		if (outcome == POSTERN_MAILBOX_FOUND)
			outcome = skip_cfws(list, mailbox);
	}
	return outcome == POSTERN_MAILBOX_FOUND ? read_angle_addr(list, mailbox) : outcome;
}

void postern_mailbox_list_init(struct postern_mailbox_list *list, const char *body, size_t size,
			       char *room)
{
	*list = (struct postern_mailbox_list){
		.pos = body, .start = body, .end = body + size, .room = room, .size = size, .more = true,
	};
}

enum postern_mailbox_outcome postern_mailbox_list_next(struct postern_mailbox_list *list,
						       struct postern_mailbox *mailbox_r)
{
	enum postern_mailbox_outcome outcome;

	if (!list->more)
		return POSTERN_MAILBOX_END;
	memset(&mailbox_r->address, 0, sizeof(mailbox_r->address));
	mailbox_r->name = (struct postern_text){ .octets = list->room };
	mailbox_r->comments = (struct postern_text){ .octets = list->room + list->size + 1 };
	mailbox_r->all = (struct postern_text){ .octets = list->room + 2 * (list->size + 1) };

	outcome = skip_cfws(list, mailbox_r);
	if (outcome == POSTERN_MAILBOX_FOUND)
		outcome = at_addr_spec(list) ? read_addr_spec(list, mailbox_r)
					     : read_name_addr(list, mailbox_r);
	if (outcome == POSTERN_MAILBOX_FOUND)
		outcome = skip_cfws(list, mailbox_r);
	if (outcome != POSTERN_MAILBOX_FOUND)
		return outcome;
	list->more = at(list, ',');
	if (list->more)
		list->pos++;
	else if (!at_end(list))
		return malformed(list, "something stands behind an address where a comma belongs");
	return POSTERN_MAILBOX_FOUND;
}
