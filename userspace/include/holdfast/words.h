/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_WORDS_H
#define HOLDFAST_WORDS_H

#include <holdfast/error.h>

/**
 * hf_words_split() - split a command line into words
 * @text: blanks separate; '...' and "..." keep them, \\ keeps any character
 *	  except within '...'; nothing is expanded
 * @err: message on failure
 *
 * For programs that are to be started without a shell in between.
 *
 * Return: words and a NULL, freed by the caller in one go; or NULL when there is
 * no word, a quote is open or memory is short.
 */
char **hf_words_split(const char *text, struct hf_error *err);

#endif
