// SPDX-License-Identifier: GPL-2.0-only
/* The frame: what is built is recognised, what is damaged is not */
#include "frame.h"
#include "test.h"

static bool roundtrip(void)
{
	static const uint64_t sequences[] = { 0, 1, 255, 256, 65521, 1u << 30,
					      UINT64_MAX };
	uint8_t frame[FRAME_LEN];
	uint64_t sequence, stamp;

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		frame_fill(frame, sequences[i], 1700000000123456789u + i);
		EXPECT(frame_parse(frame, FRAME_LEN, &sequence, &stamp) ==
		       FRAME_GOOD);
		EXPECT(sequence == sequences[i]);
		EXPECT(stamp == 1700000000123456789u + i);
	}
	return true;
}

static bool bytes_on_the_wire(void)
{
	uint8_t frame[FRAME_LEN];

	frame_fill(frame, 0x0102030405060708u, 0x1112131415161718u);
	EXPECT(frame[0] == 0xff && frame[5] == 0xff);
	EXPECT(frame[6] == 0x02 && frame[11] == 0x01);
	EXPECT(frame[12] == 0x88 && frame[13] == 0xb5);
	EXPECT(frame[14] == 0x08 && frame[21] == 0x01);
	EXPECT(frame[22] == 0x18 && frame[29] == 0x11);
	EXPECT(frame[30] == (uint8_t)(8 * 131 + 30));
	EXPECT(frame[63] == (uint8_t)(8 * 131 + 63));
	return true;
}

static bool foreign(void)
{
	uint8_t frame[FRAME_LEN];
	uint64_t sequence, stamp;

	frame_fill(frame, 7, 0);
	frame[12] = 0x08;
	EXPECT(frame_parse(frame, FRAME_LEN, &sequence, &stamp) ==
	       FRAME_FOREIGN);
	frame_fill(frame, 7, 0);
	frame[11] = 0x02;
	EXPECT(frame_parse(frame, FRAME_LEN, &sequence, &stamp) ==
	       FRAME_FOREIGN);
	EXPECT(frame_parse(frame, 13, &sequence, &stamp) == FRAME_FOREIGN);
	EXPECT(frame_parse(frame, 0, &sequence, &stamp) == FRAME_FOREIGN);
	return true;
}

static bool wrong_length(void)
{
	uint8_t frame[FRAME_LEN + 1] = { 0 };
	uint64_t sequence, stamp;

	frame_fill(frame, 7, 0);
	for (unsigned int len = FRAME_OFF_SEQUENCE; len <= FRAME_LEN + 1; len++)
		EXPECT(frame_parse(frame, len, &sequence, &stamp) ==
		       (len == FRAME_LEN ? FRAME_GOOD : FRAME_CORRUPT));
	return true;
}

static bool damaged_pattern(void)
{
	uint8_t frame[FRAME_LEN];
	uint64_t sequence, stamp;

	for (unsigned int i = FRAME_OFF_PATTERN; i < FRAME_LEN; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			frame_fill(frame, 99, 5);
			frame[i] ^= 1u << bit;
			EXPECT(frame_parse(frame, FRAME_LEN, &sequence,
					   &stamp) == FRAME_CORRUPT);
		}
	}
	return true;
}

/* A buffer with the pattern of another frame, as after a torn write */
static bool torn_frame(void)
{
	uint8_t frame[FRAME_LEN], other[FRAME_LEN];
	uint64_t sequence, stamp;

	for (unsigned int cut = FRAME_OFF_PATTERN; cut < FRAME_LEN; cut++) {
		frame_fill(frame, 1000, 1);
		frame_fill(other, 1001, 2);
		memcpy(frame, other, cut);
		EXPECT(frame_parse(frame, FRAME_LEN, &sequence, &stamp) ==
		       FRAME_CORRUPT);
	}
	return true;
}

TEST_MAIN({ "frame: fill and parse", roundtrip },
	  { "frame: bytes on the wire", bytes_on_the_wire },
	  { "frame: foreign frames are told apart", foreign },
	  { "frame: wrong length is corrupt", wrong_length },
	  { "frame: every damaged bit of the pattern is noticed",
	    damaged_pattern },
	  { "frame: half of one frame and half of another is corrupt",
	    torn_frame })
