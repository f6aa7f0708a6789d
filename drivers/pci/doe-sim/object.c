// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated device with DOE mailboxes: the data objects that are served
 *
 * The request stands in doe_sim_mb.wr and has passed the checks of its header.
 * Its length is that of its header.  A request that is longer than its type
 * needs is used as far as needed, a shorter one is dropped silently (PCIe r6.2
 * sec 6.30.1).
 */

#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

static u32 payload_dw(struct doe_sim_mb *mb)
{
	u32 len = FIELD_GET(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH, mb->wr[1]);

	return (len ?: DOE_SIM_MAX_OBJECT_DW) - 2;
}

/* Answer has @dw payload DW, @stored of which are in the buffer */
static enum doe_sim_answer answer(struct doe_sim_mb *mb, u32 dw, u32 stored)
{
	mb->hdr[0] = mb->wr[0];
	mb->hdr[1] = FIELD_PREP(PCI_DOE_DATA_OBJECT_HEADER_2_LENGTH,
				(dw + 2) % DOE_SIM_MAX_OBJECT_DW);
	mb->rd_n = dw + 2;
	mb->rd_buf_n = stored + 2;

	return DOE_SIM_ANSWER;
}

static enum doe_sim_answer refuse(struct doe_sim_mb *mb)
{
	return mb->k->unsupported_error ? DOE_SIM_ANSWER_ERROR :
					  DOE_SIM_ANSWER_SILENT;
}

/* Features */

static const struct {
	u32 flag;
	struct doe_sim_feature feat;
} optional_features[] = {
	{ DOE_SIM_FEAT_ECHO, { DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_ECHO } },
	{ DOE_SIM_FEAT_SIZED, { DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED } },
	{ DOE_SIM_FEAT_CDAT, { DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT } },
	{ DOE_SIM_FEAT_COMPLIANCE, { DOE_SIM_VID_CXL,
				     DOE_SIM_TYPE_COMPLIANCE } },
	{ DOE_SIM_FEAT_CMA, { DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_CMA } },
	{ DOE_SIM_FEAT_SSESSION, { DOE_SIM_VID_PCI_SIG,
				   DOE_SIM_TYPE_SSESSION } },
};

static const struct doe_sim_feature_list *own_list(struct doe_sim_mb *mb)
{
	const struct doe_sim_feature_list *lists =
		mb->sim->config.mailbox_features;

	return lists && lists[mb->index].nr ? &lists[mb->index] : NULL;
}

static unsigned int nr_features(struct doe_sim_mb *mb)
{
	const struct doe_sim_config *config = &mb->sim->config;
	const struct doe_sim_feature_list *own = own_list(mb);

	if (own)
		return own->nr;

	return max(1 + hweight32(config->features), config->nr_features);
}

static struct doe_sim_feature get_feature(struct doe_sim_mb *mb,
					  unsigned int index)
{
	const struct doe_sim_feature_list *own = own_list(mb);
	struct doe_sim_feature feat = {
		.vid = DOE_SIM_VID_PCI_SIG,
		.type = DOE_SIM_TYPE_DISCOVERY,
	};
	int i;

	if (own)
		return own->list[index];
	if (!index--)
		return feat;

	for (i = 0; i < ARRAY_SIZE(optional_features); i++) {
		if (!(mb->sim->config.features & optional_features[i].flag))
			continue;
		if (!index--)
			return optional_features[i].feat;
	}

	feat.vid = DOE_SIM_VID_FILLER;
	feat.type = index;
	return feat;
}

static bool same_type(struct doe_sim_feature a, struct doe_sim_feature b)
{
	return a.vid == b.vid && a.type == b.type;
}

/* Discovery needs no entry */
static bool has_feature(struct doe_sim_mb *mb, struct doe_sim_feature feat)
{
	static const struct doe_sim_feature discovery = {
		DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY
	};
	unsigned int i, n = nr_features(mb);

	for (i = 0; i < n; i++)
		if (same_type(get_feature(mb, i), feat))
			return true;

	return same_type(feat, discovery);
}

/* DOE Discovery, sec 6.30.1.1 */

static u8 next_index(struct doe_sim_mb *mb, unsigned int index, unsigned int n)
{
	bool last = index + 1 == n;

	switch (mb->k->chain) {
	case DOE_SIM_CHAIN_SELF:
		return index ?: n > 1;
	case DOE_SIM_CHAIN_BACK:
		return last ? n > 1 : index + 1;
	case DOE_SIM_CHAIN_OPEN:
		return index + 1;
	default:
		return last ? 0 : index + 1;
	}
}

static enum doe_sim_answer serve_discovery(struct doe_sim_mb *mb)
{
	u8 version = mb->sim->config.cap_version >= 2 ? 2 : 0;
	u8 index = FIELD_GET(GENMASK(7, 0), mb->wr[2]);
	u8 sent = FIELD_GET(GENMASK(15, 8), mb->wr[2]);
	bool wrong = sent != (mb->k->discovery_version < 0 ? version :
			      mb->k->discovery_version);
	unsigned int n = nr_features(mb);
	struct doe_sim_feature feat;

	mb->cnt.discoveries++;
	if (wrong && sent != version)
		doe_sim_violation(mb, DOE_SIM_V_DISC_VERSION);
	if (FIELD_GET(GENMASK(31, 16), mb->wr[2]))
		doe_sim_violation(mb, DOE_SIM_V_RESERVED);

	mb->rd[3] = mb->sim->config.max_object % DOE_SIM_MAX_OBJECT_DW;

	if (wrong && mb->k->discovery_strict) {
		mb->rd[2] = 0xffff;
	} else if (index < n) {
		feat = get_feature(mb, index);
		mb->rd[2] = feat.vid | feat.type << 16 |
			    (u32)next_index(mb, index, n) << 24;
	} else {
		if (mb->k->bad_index == DOE_SIM_BAD_INDEX_ERROR)
			return DOE_SIM_ANSWER_ERROR;
		mb->rd[2] = 0xffffff;
		if (mb->k->bad_index != DOE_SIM_BAD_INDEX_LAST)
			mb->rd[2] |= (u32)(u8)(index + 1) << 24;
	}

	return answer(mb, mb->k->discovery_dw - 2, 2);
}

/* Objects to test with */

static enum doe_sim_answer serve_echo(struct doe_sim_mb *mb)
{
	u32 dw = payload_dw(mb);

	answer(mb, dw, dw);
	swap(mb->wr, mb->rd);
	return DOE_SIM_ANSWER;
}

static enum doe_sim_answer serve_sized(struct doe_sim_mb *mb)
{
	mb->seed = payload_dw(mb) > 1 ? mb->wr[3] : 0;

	return answer(mb, min(mb->wr[2], DOE_SIM_MAX_OBJECT_DW - 2), 0);
}

/*
 * CXL Table Access, CXL r3.1 sec 8.1.11.1: the Coherent Device Attribute Table
 *
 * The table is a header of 16 bytes and entries of these types in turn.
 */

#define CDAT_HEADER_DW		4

static const struct {
	u8 type;
	u8 dw;
} cdat_entries[] = {
	{ 0, 6 },	/* DSMAS */
	{ 1, 6 },	/* DSLBIS */
	{ 4, 6 },	/* DSEMTS */
	{ 3, 2 },	/* DSIS */
	{ 2, 5 },	/* DSMSCIS */
};

/* Index of the DW where entry @i starts; entry -1 is the header */
static u32 cdat_start(u32 i)
{
	u32 round = 0, part = 0;
	u32 j;

	for (j = 0; j < ARRAY_SIZE(cdat_entries); j++) {
		round += cdat_entries[j].dw;
		if (j < i % ARRAY_SIZE(cdat_entries))
			part += cdat_entries[j].dw;
	}

	return CDAT_HEADER_DW + i / ARRAY_SIZE(cdat_entries) * round + part;
}

int doe_sim_make_cdat(struct doe_sim_dev *sim)
{
	u32 n = sim->config.cdat_entries;
	u32 i, dw = cdat_start(n);
	u8 sum = 0;
	u8 *byte;

	sim->cdat = kvcalloc(dw, sizeof(*sim->cdat), GFP_KERNEL);
	if (!sim->cdat)
		return -ENOMEM;

	for (i = 0; i < n; i++) {
		__le32 *entry = &sim->cdat[cdat_start(i)];
		u8 type = cdat_entries[i % ARRAY_SIZE(cdat_entries)].type;
		u8 len = cdat_entries[i % ARRAY_SIZE(cdat_entries)].dw;

		entry[0] = cpu_to_le32(type | len * 4 << 16);
		/* Handle of the memory range that the entry is about */
		entry[1] = cpu_to_le32(i / ARRAY_SIZE(cdat_entries) & 0xff);
		/* Base or offset and length, or a unit and a value */
		if (len == 6) {
			entry[2] = cpu_to_le32(1000);
			entry[4] = cpu_to_le32(type == 1 ? 100 : SZ_256M);
		}
	}

	sim->cdat[0] = cpu_to_le32(dw * 4);
	sim->cdat[1] = cpu_to_le32(1);	/* revision; checksum is byte 5 */
	for (byte = (u8 *)sim->cdat; byte < (u8 *)&sim->cdat[dw]; byte++)
		sum += *byte;
	sim->cdat[1] |= cpu_to_le32((u8)-sum << 8);

	return 0;
}

static enum doe_sim_answer serve_cdat(struct doe_sim_mb *mb)
{
	u32 handle = FIELD_GET(GENMASK(31, 16), mb->wr[2]);
	u32 i = handle / DOE_SIM_HANDLE_STEP;
	u32 j, start, end, n = mb->sim->config.cdat_entries;

	/* Read Entry of the CDAT is all there is */
	if (mb->wr[2] & GENMASK(15, 0) || handle % DOE_SIM_HANDLE_STEP || i > n)
		return refuse(mb);

	start = i ? cdat_start(i - 1) : 0;
	end = cdat_start(i);
	handle = i < n ? (i + 1) * DOE_SIM_HANDLE_STEP : 0xffff;

	mb->rd[2] = handle << 16;
	for (j = start; j < end; j++)
		mb->rd[3 + j - start] = le32_to_cpu(mb->sim->cdat[j]);

	return answer(mb, end - start + 1, end - start + 1);
}

/* CXL Compliance, CXL r2.0 sec 14.16.4 */

#define COMPLIANCE_VERSION	1
#define COMPLIANCE_CAPABILITY	0
#define COMPLIANCE_STATUS	1
#define COMPLIANCE_UNSUPPORTED	3	/* unsupported injection */
#define COMPLIANCE_CODES	0x10

static enum doe_sim_answer serve_compliance(struct doe_sim_mb *mb)
{
	u32 can = BIT(COMPLIANCE_CAPABILITY) | BIT(COMPLIANCE_STATUS);
	u8 code = FIELD_GET(GENMASK(7, 0), mb->wr[2]);
	u32 *rd = &mb->rd[2];
	u8 len, byte3 = 0;

	if (code >= COMPLIANCE_CODES)
		return refuse(mb);

	memset(rd, 0, (DOE_SIM_MIN_BUF_DW - 2) * sizeof(*rd));
	switch (code) {
	case COMPLIANCE_CAPABILITY:
		len = 20;
		rd[1] = can;	/* available */
		rd[3] = can;	/* enabled */
		break;
	case COMPLIANCE_STATUS:
		/* Capability bits, cache size and its unit are not aligned */
		len = 10;
		byte3 = can;
		break;
	default:
		len = 4;
		byte3 = COMPLIANCE_UNSUPPORTED;
		break;
	}
	rd[0] = code | COMPLIANCE_VERSION << 8 | len << 16 | byte3 << 24;

	return answer(mb, DIV_ROUND_UP(len, 4), DIV_ROUND_UP(len, 4));
}

static const struct {
	struct doe_sim_feature feat;
	enum doe_sim_answer (*serve)(struct doe_sim_mb *mb);
} servers[] = {
	{ { DOE_SIM_VID_PCI_SIG, DOE_SIM_TYPE_DISCOVERY }, serve_discovery },
	{ { DOE_SIM_VENDOR_ID, DOE_SIM_TYPE_SIZED }, serve_sized },
	{ { DOE_SIM_VID_CXL, DOE_SIM_TYPE_CDAT }, serve_cdat },
	{ { DOE_SIM_VID_CXL, DOE_SIM_TYPE_COMPLIANCE }, serve_compliance },
};

/* Answer the request in doe_sim_mb.wr, whose type is in doe_sim_mb.feat */
enum doe_sim_answer doe_sim_serve(struct doe_sim_mb *mb)
{
	int i;

	if (!has_feature(mb, mb->feat))
		return refuse(mb);

	for (i = 0; i < ARRAY_SIZE(servers); i++) {
		if (!same_type(servers[i].feat, mb->feat))
			continue;
		if (!payload_dw(mb))
			return DOE_SIM_ANSWER_SILENT;
		return servers[i].serve(mb);
	}

	return serve_echo(mb);
}
