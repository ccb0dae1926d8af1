/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between the command and the holder: one SOCK_SEQPACKET datagram each
 * way. Both ends are the same binary or one of the same machine, so fields are in
 * host order; a holder of another version is refused by @version.
 */
#ifndef HOLDER_PROTO_H
#define HOLDER_PROTO_H

#include <stdint.h>

#define HOLDER_MAGIC	0x48464c44u	/* "HFLD" */
#define HOLDER_VERSION	1

enum holder_op {
	HOLDER_GET = 1,		/* answer carries manifest and iommufds */
	HOLDER_CANCEL = 2,	/* close the session, answer, end */
};

struct holder_request {
	uint32_t magic;
	uint32_t version;
	uint32_t op;
	uint32_t reserved;
};

struct holder_reply {
	uint32_t magic;
	uint32_t version;
	int32_t status;		/* 0 or a negative errno */
	int32_t pid;
};

#endif
