/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HOLDFAST_AGENT_VERSION_H
#define HOLDFAST_AGENT_VERSION_H

/* Of command and daemon; the library has its own, in holdfast.h */
#ifndef HOLDFAST_VERSION
#define HOLDFAST_VERSION "0.1"
#endif

#endif
