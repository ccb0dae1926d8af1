/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI functions that go on running while the kernel is replaced.
 *
 * See "DOC: PCI live update" in drivers/pci/liveupdate.c.
 */
#ifndef _LINUX_PCI_LIVEUPDATE_H
#define _LINUX_PCI_LIVEUPDATE_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/pci.h>
#include <linux/types.h>

struct liveupdate_file_handler;
struct pci_saved_state;
struct pci_slot;

/**
 * enum pci_liveupdate_state - Where a function is in a live update.
 * @PCI_LIVEUPDATE_NONE:      Takes no part.
 * @PCI_LIVEUPDATE_PRESERVED: Is listed for the next kernel.
 * @PCI_LIVEUPDATE_FROZEN:    Interrupts are masked, kexec is under way.
 * @PCI_LIVEUPDATE_INCOMING:  Was found running, nobody has taken it over.
 * @PCI_LIVEUPDATE_ADOPTED:   A driver has taken it over.
 * @PCI_LIVEUPDATE_QUIESCED:  Was stopped and reset before the update finished, by
 *                            the driver that had adopted it, or because nobody
 *                            had.
 * @PCI_LIVEUPDATE_FINISHED:  The update is over, an ordinary function again.
 */
enum pci_liveupdate_state {
	PCI_LIVEUPDATE_NONE,
	PCI_LIVEUPDATE_PRESERVED,
	PCI_LIVEUPDATE_FROZEN,
	PCI_LIVEUPDATE_INCOMING,
	PCI_LIVEUPDATE_ADOPTED,
	PCI_LIVEUPDATE_QUIESCED,
	PCI_LIVEUPDATE_FINISHED,
};

#ifdef CONFIG_PCI_LIVEUPDATE

/* For drivers that hand functions over */
int pci_liveupdate_register_flb(struct liveupdate_file_handler *fh);
void pci_liveupdate_unregister_flb(struct liveupdate_file_handler *fh);
int pci_liveupdate_preserve(struct pci_dev *dev);
void pci_liveupdate_unpreserve(struct pci_dev *dev);
int pci_liveupdate_freeze(struct pci_dev *dev);
void pci_liveupdate_unfreeze(struct pci_dev *dev);
int pci_liveupdate_adopt(struct pci_dev *dev);
void pci_liveupdate_unadopt(struct pci_dev *dev);
int pci_liveupdate_quiesce(struct pci_dev *dev);
void pci_liveupdate_quiesced(struct pci_dev *dev);
bool pci_liveupdate_was_quiesced(int domain, unsigned int bus,
				 unsigned int devfn);
void pci_liveupdate_finish(struct pci_dev *dev);
bool pci_liveupdate_may_master(struct pci_dev *dev);
void pci_liveupdate_finish_gone(int domain, unsigned int bus,
				unsigned int devfn);
struct pci_saved_state *pci_liveupdate_store_quiet_state(struct pci_dev *dev);
ssize_t pci_liveupdate_pack_state(struct pci_dev *dev,
				  struct pci_saved_state *state,
				  void *buf, size_t size);
struct pci_saved_state *pci_liveupdate_unpack_state(struct pci_dev *dev,
						    const void *buf,
						    size_t size);

static inline enum pci_liveupdate_state
pci_liveupdate_state(const struct pci_dev *dev)
{
	return READ_ONCE(dev->liveupdate_state);
}

/**
 * pci_liveupdate_is_outgoing - Will the next kernel find this device running?
 * @dev: a function, or a bridge
 *
 * Return: true if @dev is preserved, or if it is a bridge above such a function.
 */
static inline bool pci_liveupdate_is_outgoing(const struct pci_dev *dev)
{
	enum pci_liveupdate_state state = pci_liveupdate_state(dev);

	return state == PCI_LIVEUPDATE_PRESERVED ||
	       state == PCI_LIVEUPDATE_FROZEN ||
	       READ_ONCE(dev->liveupdate_outgoing);
}

/**
 * pci_liveupdate_is_incoming - Was this device found running?
 * @dev: a function, or a bridge
 *
 * Return: true from enumeration until the update is finished, for functions
 * that were handed over and the bridges above them.
 */
static inline bool pci_liveupdate_is_incoming(const struct pci_dev *dev)
{
	enum pci_liveupdate_state state = pci_liveupdate_state(dev);

	return state == PCI_LIVEUPDATE_INCOMING ||
	       state == PCI_LIVEUPDATE_ADOPTED ||
	       state == PCI_LIVEUPDATE_QUIESCED ||
	       READ_ONCE(dev->liveupdate_incoming);
}

/* For the PCI core */
void pci_liveupdate_setup_device(struct pci_dev *dev);
void pci_liveupdate_fix_resources(struct pci_dev *dev);
void pci_liveupdate_stop_device(struct pci_dev *dev);
int pci_liveupdate_may_sleep(struct pci_dev *dev);
int pci_liveupdate_may_reset(struct pci_dev *dev);
int pci_liveupdate_may_reset_bus(struct pci_bus *bus, struct pci_slot *slot);

#else /* CONFIG_PCI_LIVEUPDATE */

static inline int
pci_liveupdate_register_flb(struct liveupdate_file_handler *fh)
{
	return -EOPNOTSUPP;
}

static inline void
pci_liveupdate_unregister_flb(struct liveupdate_file_handler *fh) { }

static inline int pci_liveupdate_preserve(struct pci_dev *dev)
{
	return -EOPNOTSUPP;
}

static inline void pci_liveupdate_unpreserve(struct pci_dev *dev) { }

static inline int pci_liveupdate_freeze(struct pci_dev *dev)
{
	return -EOPNOTSUPP;
}

static inline void pci_liveupdate_unfreeze(struct pci_dev *dev) { }

static inline int pci_liveupdate_adopt(struct pci_dev *dev)
{
	return -EOPNOTSUPP;
}

static inline void pci_liveupdate_unadopt(struct pci_dev *dev) { }

static inline int pci_liveupdate_quiesce(struct pci_dev *dev)
{
	return -EOPNOTSUPP;
}

static inline void pci_liveupdate_quiesced(struct pci_dev *dev) { }

static inline bool pci_liveupdate_may_master(struct pci_dev *dev)
{
	return true;
}

static inline bool pci_liveupdate_was_quiesced(int domain, unsigned int bus,
					       unsigned int devfn)
{
	return false;
}

static inline void pci_liveupdate_finish(struct pci_dev *dev) { }

static inline void pci_liveupdate_finish_gone(int domain, unsigned int bus,
					      unsigned int devfn) { }

static inline ssize_t
pci_liveupdate_pack_state(struct pci_dev *dev,
			  struct pci_saved_state *state, void *buf,
			  size_t size)
{
	return -EOPNOTSUPP;
}

static inline struct pci_saved_state *
pci_liveupdate_unpack_state(struct pci_dev *dev, const void *buf, size_t size)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline struct pci_saved_state *
pci_liveupdate_store_quiet_state(struct pci_dev *dev)
{
	return NULL;
}

static inline enum pci_liveupdate_state
pci_liveupdate_state(const struct pci_dev *dev)
{
	return PCI_LIVEUPDATE_NONE;
}

static inline bool pci_liveupdate_is_outgoing(const struct pci_dev *dev)
{
	return false;
}

static inline bool pci_liveupdate_is_incoming(const struct pci_dev *dev)
{
	return false;
}

static inline void pci_liveupdate_setup_device(struct pci_dev *dev) { }
static inline void pci_liveupdate_fix_resources(struct pci_dev *dev) { }
static inline void pci_liveupdate_stop_device(struct pci_dev *dev) { }

static inline int pci_liveupdate_may_sleep(struct pci_dev *dev)
{
	return 0;
}

static inline int pci_liveupdate_may_reset(struct pci_dev *dev)
{
	return 0;
}

static inline int pci_liveupdate_may_reset_bus(struct pci_bus *bus,
					       struct pci_slot *slot)
{
	return 0;
}

#endif /* CONFIG_PCI_LIVEUPDATE */
#endif /* _LINUX_PCI_LIVEUPDATE_H */
