// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include <holdfast/sha256.h>

#include "ktap.h"

static bool digest_is(const void *data, size_t len, const char *hex)
{
	uint8_t out[HF_SHA256_SIZE];
	struct hf_sha256 s;
	char text[2 * HF_SHA256_SIZE + 1];
	int i;

	hf_sha256_init(&s);
	hf_sha256_update(&s, data, len);
	hf_sha256_final(&s, out);
	for (i = 0; i < HF_SHA256_SIZE; i++)
		sprintf(text + 2 * i, "%02x", out[i]);
	return !strcmp(text, hex);
}

/* FIPS 180-4 examples */
static void known(void)
{
	CHECK(digest_is("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	CHECK(digest_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	CHECK(digest_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

static void million(void)
{
	char *a = malloc(1000000);

	if (!CHECK(a))
		return;
	memset(a, 'a', 1000000);
	CHECK(digest_is(a, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
	free(a);
}

/* Any way of cutting the input gives the same digest. */
static void pieces(void)
{
	uint8_t data[300], whole[HF_SHA256_SIZE], cut[HF_SHA256_SIZE];
	struct hf_sha256 s;
	size_t i, len;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (len = 0; len <= sizeof(data); len++) {
		hf_sha256_init(&s);
		hf_sha256_update(&s, data, len);
		hf_sha256_final(&s, whole);
		hf_sha256_init(&s);
		for (i = 0; i < len; i++)
			hf_sha256_update(&s, data + i, 1);
		hf_sha256_final(&s, cut);
		if (!CHECK(!memcmp(whole, cut, sizeof(cut))))
			return;
	}
}

static const struct ktap_test tests[] = {
	{ "sha256: known digests", known },
	{ "sha256: a million bytes", million },
	{ "sha256: in pieces", pieces },
};

KTAP_MAIN(tests)
