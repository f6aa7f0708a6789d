// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes as they are shown: names, features, registers
 */

#include <stdio.h>
#include <string.h>

#include "pcidoe.h"

static const struct {
	u16 vid;
	u8 type;
	const char *name;
} feature_names[] = {
	{ DOE_VID_PCI, DOE_TYPE_DISCOVERY, "DOE Discovery" },
	{ DOE_VID_PCI, DOE_TYPE_CMA, "CMA-SPDM" },
	{ DOE_VID_PCI, 2, "Secured CMA-SPDM" },
	{ DOE_VID_PCI, 3, "CMA-SPDM with Connection ID" },
	{ DOE_VID_PCI, 4, "Secured CMA-SPDM with Connection ID" },
	{ DOE_VID_PCI, 5, "Async Message" },
	{ DOE_VID_CXL, DOE_TYPE_COMPLIANCE, "CXL Compliance" },
	{ DOE_VID_CXL, DOE_TYPE_CDAT, "CXL Table Access (CDAT)" },
};

/**
 * feature_name() - Name a feature
 * @f: the feature
 *
 * Return: its name, or "".
 */
const char *feature_name(const struct doe_feature *f)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(feature_names); i++)
		if (feature_names[i].vid == f->vid &&
		    feature_names[i].type == f->type)
			return feature_names[i].name;
	return "";
}

static void out_feature(const struct doe_feature *f)
{
	char id[12];

	snprintf(id, sizeof(id), "%04x:%02x", f->vid, f->type);
	out_object(NULL, id);
	out_str_json("feature", id);
	if (feature_name(f)[0])
		out_str("name", feature_name(f));
	if (f->max_dw)
		out_num("max_length_dw", f->max_dw);
	out_end();
}

/**
 * out_features() - Show features
 * @features: array of them
 * @n: how many
 */
void out_features(const struct doe_feature *features, int n)
{
	int i;

	out_array("features");
	for (i = 0; i < n; i++)
		out_feature(&features[i]);
	out_end();
}

static void out_status(u32 status)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%s%s%s",
		 status & DOE_STATUS_BUSY ? ",busy" : "",
		 status & DOE_STATUS_ERROR ? ",error" : "",
		 status & DOE_STATUS_READY ? ",ready" : "");
	if (status == 0xffffffff)
		out_str("status", "gone");
	else
		out_str("status", buf[0] ? buf + 1 : "idle");
}

/* VID:TYPE,... as the kernel has it, "-" for none */
static void list_features(const char *features)
{
	const char *f;
	char id[16];

	if (!out_json) {
		out_str("features", features);
		return;
	}

	out_array("features");
	for (f = features; sscanf(f, "%15[0-9a-f:]", id) == 1; f += *f == ',') {
		out_str(NULL, id);
		f += strlen(id);
	}
	out_end();
}

/**
 * out_listed() - Show a mailbox in a line
 * @m: mailbox
 */
void out_listed(const struct mailbox *m)
{
	char id[12];
	u32 status;

	out_mailbox(m->mb.name);
	snprintf(id, sizeof(id), "%04x:%04x", m->vendor, m->device);
	out_str("id", id);
	out_num("version", m->mb.version);
	if (m->cap & DOE_CAP_INT_SUP)
		out_num("message", DOE_CAP_INT_MSG(m->cap));
	if (!m->mb.ops->read(m->mb.priv, DOE_STATUS, &status))
		out_status(status);
	out_str("owner", owner_name(m->owner));
	if (m->driver[0])
		out_str("driver", m->driver);
	if (m->aux[0])
		out_str("auxiliary", m->aux);
	if (m->cdev[0])
		out_str("cdev", m->cdev);
	if (m->features[0])
		list_features(m->features);
	out_end();
}
