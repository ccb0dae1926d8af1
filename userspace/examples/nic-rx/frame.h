/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbered test frame, defined once for both ends: the frame source on the
 * host fills it, the receive driver in the guest checks it.
 *
 *	offset	bytes
 *	0	6	destination, broadcast
 *	6	6	source, 02:00:00:00:00:01
 *	12	2	EtherType 0x88b5 (IEEE 802 local experimental 1)
 *	14	8	sequence number, little endian, the first frame is 0
 *	22	8	CLOCK_REALTIME of the sender in ns, little endian
 *	30	34	pattern: (sequence * 131 + offset) & 255
 *
 * The receiver's clocks restart with each kernel, so times that have to be
 * compared across an update come from the sender.
 */
#ifndef NIC_RX_FRAME_H
#define NIC_RX_FRAME_H

#include <stdint.h>
#include <string.h>

#define FRAME_LEN		64
#define FRAME_ETHERTYPE		0x88b5
#define FRAME_OFF_TYPE		12
#define FRAME_OFF_SEQUENCE	14
#define FRAME_OFF_STAMP		22
#define FRAME_OFF_PATTERN	30

/* What frame_parse() found */
enum frame_verdict {
	FRAME_GOOD,
	FRAME_FOREIGN,		/* not one of ours: another EtherType or source */
	FRAME_CORRUPT,		/* ours, but length or pattern is wrong */
};

static inline void frame_put_le64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t frame_get_le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline uint8_t frame_pattern(uint64_t sequence, unsigned int offset)
{
	return (uint8_t)(sequence * 131 + offset);
}

static inline const uint8_t *frame_source(void)
{
	static const uint8_t source[6] = { 0x02, 0, 0, 0, 0, 0x01 };

	return source;
}

/**
 * frame_fill() - build a frame
 * @frame: FRAME_LEN bytes to write
 * @sequence: number of the frame, counted from 0
 * @stamp_ns: the sender's CLOCK_REALTIME in ns
 */
static inline void frame_fill(uint8_t *frame, uint64_t sequence,
			      uint64_t stamp_ns)
{
	memset(frame, 0xff, 6);
	memcpy(frame + 6, frame_source(), 6);
	frame[FRAME_OFF_TYPE] = FRAME_ETHERTYPE >> 8;
	frame[FRAME_OFF_TYPE + 1] = FRAME_ETHERTYPE & 0xff;
	frame_put_le64(frame + FRAME_OFF_SEQUENCE, sequence);
	frame_put_le64(frame + FRAME_OFF_STAMP, stamp_ns);
	for (unsigned int i = FRAME_OFF_PATTERN; i < FRAME_LEN; i++)
		frame[i] = frame_pattern(sequence, i);
}

/**
 * frame_parse() - check a received frame
 * @frame: the bytes received
 * @len: how many
 * @sequence: out, valid with FRAME_GOOD
 * @stamp_ns: out, valid with FRAME_GOOD
 */
static inline enum frame_verdict frame_parse(const uint8_t *frame,
					     unsigned int len,
					     uint64_t *sequence,
					     uint64_t *stamp_ns)
{
	if (len < FRAME_OFF_SEQUENCE ||
	    frame[FRAME_OFF_TYPE] != FRAME_ETHERTYPE >> 8 ||
	    frame[FRAME_OFF_TYPE + 1] != (FRAME_ETHERTYPE & 0xff) ||
	    memcmp(frame + 6, frame_source(), 6))
		return FRAME_FOREIGN;
	if (len != FRAME_LEN)
		return FRAME_CORRUPT;

	*sequence = frame_get_le64(frame + FRAME_OFF_SEQUENCE);
	*stamp_ns = frame_get_le64(frame + FRAME_OFF_STAMP);
	for (unsigned int i = FRAME_OFF_PATTERN; i < FRAME_LEN; i++)
		if (frame[i] != frame_pattern(*sequence, i))
			return FRAME_CORRUPT;
	return FRAME_GOOD;
}

#endif /* NIC_RX_FRAME_H */
