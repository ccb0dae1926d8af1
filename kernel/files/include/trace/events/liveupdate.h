/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM liveupdate

#if !defined(_TRACE_LIVEUPDATE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_LIVEUPDATE_H

#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

/* What a handler did with a file. @start is the ktime_get_ns() of its begin. */
DECLARE_EVENT_CLASS(luo_file,
	TP_PROTO(const char *session, const char *handler, u64 token, u64 start,
		 int ret),

	TP_ARGS(session, handler, token, start, ret),

	TP_STRUCT__entry(
		__string(session, session)
		__string(handler, handler)
		__field(u64, token)
		__field(u64, duration_ns)
		__field(int, ret)
	),

	TP_fast_assign(
		__assign_str(session);
		__assign_str(handler);
		__entry->token = token;
		__entry->duration_ns = ktime_get_ns() - start;
		__entry->ret = ret;
	),

	TP_printk("session=%s handler=%s token=%#llx duration_ns=%llu ret=%d",
		  __get_str(session), __get_str(handler), __entry->token,
		  __entry->duration_ns, __entry->ret)
);

#define DEFINE_LUO_FILE_EVENT(name) \
DEFINE_EVENT(luo_file, name, \
	TP_PROTO(const char *session, const char *handler, u64 token, \
		 u64 start, int ret), \
	TP_ARGS(session, handler, token, start, ret))

DEFINE_LUO_FILE_EVENT(luo_file_preserve);
DEFINE_LUO_FILE_EVENT(luo_file_unpreserve);
DEFINE_LUO_FILE_EVENT(luo_file_freeze);
DEFINE_LUO_FILE_EVENT(luo_file_unfreeze);
DEFINE_LUO_FILE_EVENT(luo_file_retrieve);
DEFINE_LUO_FILE_EVENT(luo_file_prepare_finish);
DEFINE_LUO_FILE_EVENT(luo_file_finish);

/* The same for all files of a session. After an error the numbers are of before. */
DECLARE_EVENT_CLASS(luo_session,
	TP_PROTO(const char *session, u64 files, u64 start, int ret),

	TP_ARGS(session, files, start, ret),

	TP_STRUCT__entry(
		__string(session, session)
		__field(u64, files)
		__field(u64, duration_ns)
		__field(int, ret)
	),

	TP_fast_assign(
		__assign_str(session);
		__entry->files = files;
		__entry->duration_ns = ktime_get_ns() - start;
		__entry->ret = ret;
	),

	TP_printk("session=%s files=%llu duration_ns=%llu ret=%d",
		  __get_str(session), __entry->files, __entry->duration_ns,
		  __entry->ret)
);

DEFINE_EVENT(luo_session, luo_session_freeze,
	TP_PROTO(const char *session, u64 files, u64 start, int ret),
	TP_ARGS(session, files, start, ret));

DEFINE_EVENT(luo_session, luo_session_finish,
	TP_PROTO(const char *session, u64 files, u64 start, int ret),
	TP_ARGS(session, files, start, ret));

#endif /* _TRACE_LIVEUPDATE_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
