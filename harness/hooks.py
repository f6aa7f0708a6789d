# SPDX-License-Identifier: GPL-2.0
"""What the library needs of other kernel files: (file, where, anchor, text).

An anchor must stand exactly once in its file; a text that is there already (7.2
has some) is left alone.  Each topic is one logical change.
"""

RESET = ("void pci_doe_quiesce(struct pci_dev *pdev);\n"
         "void pci_doe_restore(struct pci_dev *pdev);\n")
SLEEP = "void pci_doe_resume(struct pci_dev *pdev);\n"
RELEASE = "void pci_doe_release(struct pci_dev *pdev);\n"
USER_READ = "void pci_doe_user_read(struct pci_dev *pdev, int pos, int size, u32 *data);\n"
PROTOTYPE = "void pci_doe_disconnected(struct pci_dev *pdev);\n"
STUB = "static inline void pci_doe_disconnected(struct pci_dev *pdev) { }\n"


def stubs(prototypes):
    return "".join(f"static inline {line}".replace(";", " { }")
                   if len(line) < 70 else
                   f"static inline {line}".replace(", u32", ",\n\t\t\t\t     u32")
                   .replace(";", " { }")
                   for line in prototypes.splitlines(keepends=True))


def declare(prototypes):
    return [("drivers/pci/pci.h", "after", PROTOTYPE, prototypes),
            ("drivers/pci/pci.h", "after", STUB, stubs(prototypes))]


HOOKS = {
    "lifetime": declare(RELEASE) + [
        ("drivers/pci/probe.c", "before", "\tpci_release_capabilities(pci_dev);\n",
         "\tpci_doe_release(pci_dev);\n"),
    ],
    "reset": declare(RESET) + [
        ("drivers/pci/pci.c", "after",
         "\tpci_write_config_word(dev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);\n",
         "\n\tpci_doe_quiesce(dev);\n"),
        # Before state_saved says that all of it is over
        ("drivers/pci/pci.c", "after", "\tpci_restore_iov_state(dev);\n",
         "\n\tpci_doe_restore(dev);\n"),
    ],
    "sleep": declare(SLEEP) + [
        ("drivers/pci/pci-driver.c", "before",
         "\t\tpci_save_state(pci_dev);\n\t\tgoto set_unknown;\n",
         "\t\tpci_doe_quiesce(pci_dev);\n"),
        ("drivers/pci/pci-driver.c", "before",
         "\tif (!pci_dev->state_saved) {\n\t\tpci_save_state(pci_dev);\n\n"
         "\t\t/*\n\t\t * If the device is a bridge with a child in D0",
         "\tpci_doe_quiesce(pci_dev);\n\n"),
        ("drivers/pci/pci-driver.c", "after",
         "\tpcie_pme_root_status_cleanup(pci_dev);\n", "\tpci_doe_resume(pci_dev);\n"),
        ("drivers/pci/pci-driver.c", "replace", "\tpm_generic_complete(dev);\n",
         "\tpci_doe_resume(pci_dev);\n\tpm_generic_complete(dev);\n"),
    ],
    "user_read": declare(USER_READ) + [
        ("drivers/pci/access.c", "after", "\t\t\t\t  pos, sizeof(type), &data);\t\t\\\n",
         "\tpci_doe_user_read(dev, pos, sizeof(type), &data);\t\t\\\n"),
    ],
    "sysfs": [
        ("drivers/pci/pci.h", "after",
         "extern const struct attribute_group *pci_bus_groups[];\n",
         "extern const struct attribute_group pci_doe_sysfs_group;\n"),
        ("drivers/pci/pci.h", "before", "#ifdef CONFIG_PCI_NPEM\n",
         "#if defined(CONFIG_PCI_DOE) && defined(CONFIG_SYSFS)\n"
         "void pci_doe_sysfs_init(struct pci_dev *pci_dev);\n"
         "void pci_doe_sysfs_teardown(struct pci_dev *pdev);\n"
         "#else\n"
         "static inline void pci_doe_sysfs_init(struct pci_dev *pdev) { }\n"
         "static inline void pci_doe_sysfs_teardown(struct pci_dev *pdev) { }\n"
         "#endif\n\n"),
        ("drivers/pci/pci-sysfs.c", "after",
         "#ifdef CONFIG_PCIEASPM\n\t&aspm_ctrl_attr_group,\n#endif\n",
         "#ifdef CONFIG_PCI_DOE\n\t&pci_doe_sysfs_group,\n#endif\n"),
        ("drivers/pci/probe.c", "after", "\tpci_npem_create(dev);\n",
         "\n\tpci_doe_sysfs_init(dev);\n"),
        ("drivers/pci/remove.c", "before", "\tpci_npem_remove(dev);\n",
         "\tpci_doe_sysfs_teardown(dev);\n"),
    ],
    "uapi": [
        ("include/uapi/linux/pci_regs.h", "replace",
         "#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_PROTOCOL\t\t0x00ff0000\n",
         "#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE\t\t0x00ff0000\n"),
        ("include/uapi/linux/pci_regs.h", "after",
         "#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_NEXT_INDEX\t0xff000000\n",
         "\n/* Deprecated old name, replaced with PCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE */\n"
         "#define PCI_DOE_DATA_OBJECT_DISC_RSP_3_PROTOCOL"
         "\t\tPCI_DOE_DATA_OBJECT_DISC_RSP_3_TYPE\n"),
    ],
    "cxl": [
        ("drivers/cxl/pci.c", "after", "#include <linux/pci.h>\n",
         "#include <linux/pci-doe.h>\n"),
        ("drivers/cxl/pci.c", "after", "\tirq_avail = cxl_alloc_irq_vectors(pdev);\n",
         "\tpcim_doe_add_auxdevs(pdev, irq_avail);\n"),
        ("drivers/cxl/Kconfig", "after",
         "config CXL_PCI\n\ttristate \"PCI manageability\"\n\tdefault CXL_BUS\n",
         "\tselect PCI_DOE_AUX\n"),
    ],
    "um": [
        ("arch/um/drivers/Kconfig", "after",
         "\tselect UML_DMA_EMULATION\n\tselect PCI_MSI\n", "\tselect PCI_DOMAINS_GENERIC\n"),
    ],
    "tools": [
        ("tools/pci/Makefile", "before", "export srctree OUTPUT CC LD CFLAGS\n",
         "include Makefile.pcidoe\n\n"),
    ],
    "documentation": [
        ("Documentation/PCI/index.rst", "after", "   boot-interrupts\n", "   doe\n"),
    ],
    "indexes": [
        (".clang-format", "after", "  - 'pci_dev_for_each_resource'\n",
         "  - 'pci_doe_for_each_off'\n"),
        ("tools/testing/selftests/Makefile", "before", "TARGETS += perf_events\n",
         "TARGETS += pci_doe\n"),
    ],
}
