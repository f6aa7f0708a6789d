/*
 * pci_bus_find_emul_domain_nr() came after 6.12.  A macro, as <linux/pci.h> must
 * not be included before those who define dev_fmt.
 */
#define pci_bus_find_emul_domain_nr(hint, min, max) ({	\
	int __nr = max_t(int, hint, min);		\
							\
	while (__nr < (max) && pci_find_bus(__nr, 0))	\
		__nr++;					\
	__nr;						\
})
