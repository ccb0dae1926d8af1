// SPDX-License-Identifier: GPL-2.0-only
/* What the driver is woken by, and what it makes of it; no device is needed */
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "orders.h"
#include "test.h"
#include "wake.h"

static struct wake_counts counts;

/* As wake_arm() leaves it, without a device behind the eventfd */
static struct wake armed(void)
{
	struct wake wake = { .mode = IRQ_MSIX, .counts = &counts };

	memset(&counts, 0, sizeof(counts));
	wake.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake;
}

static void disarm(struct wake *wake)
{
	close(wake->event_fd);
}

static void fire(struct wake *wake, uint64_t times)
{
	if (write(wake->event_fd, &times, sizeof(times)) != sizeof(times))
		abort();
}

/* What VFIO does when it is asked for a kick */
static void kick(struct wake *wake)
{
	fire(wake, 1);
	wake->kicked++;
	wake->counts->kicks++;
}

static bool interrupts_are_counted(void)
{
	struct wake wake = armed();
	enum order order = ORDER_NONE;

	fire(&wake, 1);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 4, 0);
	/* Several before the driver runs are one wake-up */
	fire(&wake, 1);
	fire(&wake, 2);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 5, 2);
	fire(&wake, 1);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 0, 0);
	EXPECT(counts.interrupts == 5 && counts.wakeups == 3);
	EXPECT(counts.frames == 11 && counts.frames_max == 7);
	EXPECT(counts.spurious == 1 && counts.second == 1);
	EXPECT(!counts.kicks && !counts.kick_frames);
	disarm(&wake);
	return true;
}

/* What a kick finds is not the merit of an interrupt, nor its fault */
static bool kicks_are_told_apart(void)
{
	struct wake wake = armed();
	enum order order = ORDER_NONE;

	kick(&wake);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 100, 0);
	EXPECT(!counts.interrupts && !counts.wakeups && !counts.frames);
	EXPECT(counts.kick_frames == 100);
	kick(&wake);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 0, 0);
	EXPECT(!counts.spurious);

	/* Together with an interrupt it is an interrupt */
	kick(&wake);
	fire(&wake, 2);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	wake_account(&wake, 3, 0);
	EXPECT(counts.interrupts == 2 && counts.wakeups == 1);
	EXPECT(counts.frames == 3 && counts.kick_frames == 100);
	EXPECT(counts.kicks == 3 && !wake.kicked);
	disarm(&wake);
	return true;
}

static bool without_anything_it_sleeps(void)
{
	struct wake wake = armed();
	uint64_t start = clock_local_ns();
	enum order order = ORDER_NONE;

	EXPECT(wake_wait(&wake, 100, &order) == WAKE_NOTHING);
	EXPECT(clock_local_ns() - start >= 99000000);
	EXPECT(!counts.wakeups);
	disarm(&wake);
	return true;
}

static bool orders_go_first(void)
{
	struct wake wake = armed();
	enum order order = ORDER_NONE;

	fire(&wake, 1);
	raise(SIGUSR2);
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_ORDER);
	EXPECT(order == ORDER_LET_GO && !counts.wakeups);
	/* And the interrupt is still there */
	EXPECT(wake_wait(&wake, -1, &order) == WAKE_INTERRUPT);
	EXPECT(counts.interrupts == 1);
	disarm(&wake);
	return true;
}

static bool words(void)
{
	enum nic_irq mode = IRQ_NONE;

	EXPECT(!wake_mode("msix", &mode) && mode == IRQ_MSIX);
	EXPECT(!wake_mode("msi", &mode) && mode == IRQ_MSI);
	EXPECT(!wake_mode("intx", &mode) && mode == IRQ_INTX);
	EXPECT(wake_mode("none", &mode) && wake_mode("", &mode));
	EXPECT(!strcmp(wake_word(IRQ_MSIX), "msix"));
	return true;
}

static bool with_signals_blocked(void)
{
	orders_block();
	return orders_go_first();
}

TEST_MAIN({ "wake: interrupts are counted", interrupts_are_counted },
	  { "wake: kicks are told apart", kicks_are_told_apart },
	  { "wake: sleeps without anything to do", without_anything_it_sleeps },
	  { "wake: orders go first", with_signals_blocked },
	  { "wake: words", words })
