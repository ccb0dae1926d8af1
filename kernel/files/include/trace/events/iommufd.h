/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (C) 2026 the holdfast authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommufd

#if !defined(_TRACE_IOMMUFD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IOMMUFD_H

#include <linux/kho/abi/iommufd.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

/*
 * How large a context is that goes through an update. @claimed is the memory that
 * travels with it and not in a memfd, in pages. @start is the ktime_get_ns() of
 * the begin. After an error, what was not found out yet is 0.
 */
DECLARE_EVENT_CLASS(iommufd_liveupdate,
	TP_PROTO(const struct iommufd_ser *ser, u64 claimed, u64 start, int ret),

	TP_ARGS(ser, claimed, start, ret),

	TP_STRUCT__entry(
		__field(u32, nr_ioas)
		__field(u32, nr_hwpt)
		__field(u32, nr_devices)
		__field(u32, nr_areas)
		__field(u32, nr_page_objects)
		__field(u64, nr_claims)
		__field(u64, nr_runs)
		__field(u64, claimed)
		__field(u64, bytes)
		__field(u64, duration_ns)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->nr_ioas = ser->nr_ioas;
		__entry->nr_hwpt = ser->nr_hwpt;
		__entry->nr_devices = ser->nr_devices;
		__entry->nr_areas = ser->nr_areas;
		__entry->nr_page_objects = ser->nr_pages;
		__entry->nr_claims = ser->nr_claims;
		__entry->nr_runs = ser->nr_runs;
		__entry->claimed = claimed;
		__entry->bytes = ser->size +
				 (ser->nr_claims + ser->nr_runs) * sizeof(u64);
		__entry->duration_ns = ktime_get_ns() - start;
		__entry->ret = ret;
	),

	TP_printk("ioas=%u hwpt=%u devices=%u areas=%u page_objects=%u claims=%llu runs=%llu pages=%llu metadata_bytes=%llu duration_ns=%llu ret=%d",
		  __entry->nr_ioas, __entry->nr_hwpt, __entry->nr_devices,
		  __entry->nr_areas, __entry->nr_page_objects,
		  __entry->nr_claims, __entry->nr_runs, __entry->claimed,
		  __entry->bytes, __entry->duration_ns, __entry->ret)
);

DEFINE_EVENT(iommufd_liveupdate, iommufd_preserve,
	TP_PROTO(const struct iommufd_ser *ser, u64 claimed, u64 start, int ret),
	TP_ARGS(ser, claimed, start, ret));

DEFINE_EVENT(iommufd_liveupdate, iommufd_retrieve,
	TP_PROTO(const struct iommufd_ser *ser, u64 claimed, u64 start, int ret),
	TP_ARGS(ser, claimed, start, ret));

DEFINE_EVENT(iommufd_liveupdate, iommufd_finish,
	TP_PROTO(const struct iommufd_ser *ser, u64 claimed, u64 start, int ret),
	TP_ARGS(ser, claimed, start, ret));

#endif /* _TRACE_IOMMUFD_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
