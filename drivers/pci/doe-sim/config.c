// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: configuration space but for DOE
 *
 * A Root Complex Integrated Endpoint with Power Management, PCI Express, MSI
 * and MSI-X Capabilities.
 */

#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "internal.h"

u16 doe_sim_offset(struct doe_sim_dev *sim, unsigned int mb)
{
	return sim->first + mb * DOE_SIM_STRIDE;
}
EXPORT_SYMBOL_GPL(doe_sim_offset);

static void mask_msix(struct doe_sim_dev *sim)
{
	void __iomem *entry = sim->msix_table;
	unsigned int i;

	if (!entry)
		return;

	for (i = 0; i < sim->nr_msix; i++, entry += PCI_MSIX_ENTRY_SIZE)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT,
		       entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

/* FLR, or D3hot to D0 (No_Soft_Reset is 0) */
void doe_sim_reset(struct doe_sim_dev *sim)
{
	unsigned int i;

	memcpy(sim->base, sim->reset, sizeof(sim->base));
	sim->msi_on = DOE_SIM_IRQ_NONE;
	mask_msix(sim);

	for (i = 0; i < sim->config.nr_mailboxes; i++)
		doe_sim_mb_reset(&sim->mb[i]);
}

static void write_base(struct doe_sim_dev *sim, unsigned int where, int size,
		       u32 val)
{
	u32 shift = (where & 3) * 8;
	u32 mask = GENMASK(size * 8 - 1, 0) << shift;
	unsigned int old_state = doe_sim_power_state(sim);
	u32 *reg = &sim->base[where / 4];

	val = val << shift & mask;
	mask &= sim->rw[where / 4];
	*reg = (*reg & ~mask) | (val & mask);

	switch (where & ~3) {
	case DOE_SIM_PM_CAP + PCI_PM_CTRL:
		if (old_state == (__force int)PCI_D3hot &&
		    !doe_sim_power_state(sim))
			doe_sim_reset(sim);
		doe_sim_update_messages(sim);
		break;
	case DOE_SIM_EXP_CAP + PCI_EXP_DEVCTL:
		if (val & PCI_EXP_DEVCTL_BCR_FLR)
			doe_sim_reset(sim);
		break;
	case PCI_COMMAND:
	case DOE_SIM_MSI_CAP:
	case DOE_SIM_MSIX_CAP:
		doe_sim_update_messages(sim);
		break;
	}
}

int doe_sim_config_access(struct doe_sim_dev *sim, unsigned int where, int size,
			  bool write, u32 *val)
{
	u32 dw = 0;

	guard(raw_spinlock_irqsave)(&sim->lock);
	if (sim->gone) {
		if (!write)
			*val = U32_MAX;
		if (sim->gone == DOE_SIM_EV_GONE_ERROR)
			return PCIBIOS_DEVICE_NOT_FOUND;
	} else if (write) {
		if (where < sizeof(sim->base))
			write_base(sim, where, size, *val);
	} else {
		if (where < sizeof(sim->base))
			dw = sim->base[where / 4];
		/* The rest of a Device Serial Number may well read 0 */
		else if (sim->config.dsn && (where & ~3) == DOE_SIM_EXT_BASE)
			dw = PCI_EXT_CAP_ID_DSN | 1 << 16 |
			     (sim->config.nr_mailboxes ? sim->first << 20 : 0);
		*val = dw >> (where & 3) * 8 & GENMASK(size * 8 - 1, 0);
	}

	return PCIBIOS_SUCCESSFUL;
}

static void add_cap(struct doe_sim_dev *sim, u8 *last, u8 where, u32 header)
{
	if (*last == PCI_CAPABILITY_LIST)
		sim->base[*last / 4] = where;
	else
		sim->base[*last / 4] |= where << 8;
	sim->base[where / 4] = header;
	*last = where;
}

static void init_msi(struct doe_sim_dev *sim, u8 *last)
{
	u32 mmc = ilog2(sim->nr_msi);

	add_cap(sim, last, DOE_SIM_MSI_CAP, PCI_CAP_ID_MSI |
		(PCI_MSI_FLAGS_64BIT |
		 FIELD_PREP(PCI_MSI_FLAGS_QMASK, mmc)) << 16);
	sim->rw[DOE_SIM_MSI_CAP / 4] =
		(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16;
	sim->rw[(DOE_SIM_MSI_CAP + PCI_MSI_ADDRESS_LO) / 4] = ~3U;
	sim->rw[(DOE_SIM_MSI_CAP + PCI_MSI_ADDRESS_HI) / 4] = ~0U;
	sim->rw[(DOE_SIM_MSI_CAP + PCI_MSI_DATA_64) / 4] = 0xffff;
}

static void init_msix(struct doe_sim_dev *sim, u8 *last)
{
	u32 table = sim->nr_msix * PCI_MSIX_ENTRY_SIZE;
	u32 pba = DIV_ROUND_UP(sim->nr_msix, 64) * 8;
	u32 size = max_t(u32, roundup_pow_of_two(table + pba), PAGE_SIZE);

	add_cap(sim, last, DOE_SIM_MSIX_CAP,
		PCI_CAP_ID_MSIX | (sim->nr_msix - 1) << 16);
	sim->rw[DOE_SIM_MSIX_CAP / 4] =
		(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL) << 16;
	sim->base[(DOE_SIM_MSIX_CAP + PCI_MSIX_PBA) / 4] = table;

	sim->base[PCI_BASE_ADDRESS_0 / 4] = PCI_BASE_ADDRESS_MEM_TYPE_64;
	sim->rw[PCI_BASE_ADDRESS_0 / 4] = ~(size - 1);
	sim->rw[PCI_BASE_ADDRESS_1 / 4] = ~0U;
}

/* The one that mailbox @i points to, whose list begins with mailbox 0 */
static u32 next_capability(struct doe_sim_dev *sim, unsigned int i)
{
	unsigned int n = sim->config.nr_mailboxes;

	switch (sim->config.cap_list) {
	case DOE_SIM_CAPS_LOOP:
		return doe_sim_offset(sim, (i + 1) % n);
	case DOE_SIM_CAPS_REVERSED:
		if (i == 1 || n == 1)
			return 0;
		return doe_sim_offset(sim, (i ?: n) - 1);
	default:
		return i + 1 < n ? doe_sim_offset(sim, i + 1) : 0;
	}
}

void doe_sim_config_init(struct doe_sim_dev *sim)
{
	u8 last = PCI_CAPABILITY_LIST;
	unsigned int i;

	sim->base[PCI_VENDOR_ID / 4] =
		DOE_SIM_VENDOR_ID | DOE_SIM_DEVICE_ID << 16;
	sim->base[PCI_COMMAND / 4] = PCI_STATUS_CAP_LIST << 16;
	sim->rw[PCI_COMMAND / 4] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
				   PCI_COMMAND_INTX_DISABLE;
	sim->base[PCI_CLASS_REVISION / 4] = PCI_CLASS_OTHERS << 24 | 1;
	sim->rw[PCI_CACHE_LINE_SIZE / 4] = 0xff;
	sim->base[PCI_SUBSYSTEM_VENDOR_ID / 4] = sim->base[0];
	sim->rw[PCI_INTERRUPT_LINE / 4] = 0xff;

	add_cap(sim, &last, DOE_SIM_PM_CAP, PCI_CAP_ID_PM | 3 << 16);
	sim->rw[(DOE_SIM_PM_CAP + PCI_PM_CTRL) / 4] = PCI_PM_CTRL_STATE_MASK;

	add_cap(sim, &last, DOE_SIM_EXP_CAP, PCI_CAP_ID_EXP | 2 << 16 |
		FIELD_PREP(PCI_EXP_FLAGS_TYPE, PCI_EXP_TYPE_RC_END) << 16);
	sim->base[(DOE_SIM_EXP_CAP + PCI_EXP_DEVCAP) / 4] =
		PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR;
	sim->base[(DOE_SIM_EXP_CAP + PCI_EXP_DEVCTL) / 4] =
		PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
		PCI_EXP_DEVCTL_READRQ_512B;
	sim->rw[(DOE_SIM_EXP_CAP + PCI_EXP_DEVCTL) / 4] =
		0xffff & ~PCI_EXP_DEVCTL_BCR_FLR;
	sim->rw[(DOE_SIM_EXP_CAP + PCI_EXP_DEVCTL2) / 4] = 0xffff;

	for (i = 0; i < sim->config.nr_mailboxes; i++)
		sim->mb[i].header = PCI_EXT_CAP_ID_DOE |
				    sim->config.cap_version << 16 |
				    next_capability(sim, i) << 20;

	if (doe_sim_has_msi(sim))
		init_msi(sim, &last);
	if (doe_sim_has_msix(sim))
		init_msix(sim, &last);

	memcpy(sim->reset, sim->base, sizeof(sim->reset));
	mask_msix(sim);
}
