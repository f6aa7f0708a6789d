// SPDX-License-Identifier: GPL-2.0
/*
 * What features say over a mailbox: CDAT, CXL Compliance, SPDM versions
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pcidoe.h"

/* Table Access, CXL r3.1 sec 8.1.11.1 */
#define TABLE_HEADER		4
#define TABLE_LAST		0xffff

/* Compliance, CXL r2.0 sec 14.16.4 */
#define COMPLIANCE_CAPABILITY	0
#define COMPLIANCE_STATUS	1
#define COMPLIANCE_VERSION	1

#define SPDM_VERSION_10		0x10
#define SPDM_GET_VERSION	0x84
#define SPDM_VERSION		0x04
#define SPDM_ERROR		0x7f

/* Say what went wrong in an exchange; the exit code that tells a script */
int exchange_failed(struct doe_mbox *mb, int err)
{
	static const int codes[] = {
		[EINTR] = EXIT_SIGNAL,
		[ENODEV] = EXIT_NODEV,
		[EINVAL] = EXIT_NODEV,
		[EACCES] = EXIT_PERM,
		[EUSERS] = EXIT_OWNED,
		[EBUSY] = EXIT_TIMEOUT,
		[ETIMEDOUT] = EXIT_TIMEOUT,
		[EPROTO] = EXIT_PROTO,
		[EMSGSIZE] = EXIT_USAGE,
	};
	int code = -err < (int)ARRAY_SIZE(codes) ? codes[-err] : 0;

	return fail(code ?: EXIT_DEVERR, "%s: %s%s", mb->name, mb->why,
		    code == EXIT_PERM ? permission_hint() : "");
}

/*
 * Read the table of a device, structure by structure: each response has the
 * handle of the next.  If the device changes it meanwhile, its sum is wrong.
 * Return: 0 or a negative error code.
 */
int cdat_read(struct doe_mbox *mb, u8 *table, size_t *size)
{
	static u8 buf[TABLE_HEADER + 0x10000];
	const u8 *entry = buf + TABLE_HEADER;
	bool seen[TABLE_LAST] = { false };
	u16 handle, len;
	int ret;

	*size = 0;
	for (handle = 0; handle != TABLE_LAST; handle = get_le16(buf + 2)) {
		u8 req[TABLE_HEADER] = { 0, 0, handle & 0xff, handle >> 8 };

		if (seen[handle])
			return doe_error(mb, -EPROTO,
					 "CDAT handle %#x comes again", handle);
		seen[handle] = true;

		ret = doe_exchange(mb, DOE_VID_CXL, DOE_TYPE_CDAT, req,
				   sizeof(req), buf, sizeof(buf));
		if (ret < 0)
			return ret;
		ret -= TABLE_HEADER;
		if (ret < CDAT_ENTRY_HEADER || buf[0] || buf[1])
			return doe_error(mb, -EPROTO,
					 "bad CDAT response to handle %#x",
					 handle);

		/* The header of the table comes first */
		len = *size ? get_le16(entry + 2) : CDAT_HEADER_SIZE;
		if (len < CDAT_ENTRY_HEADER || len > ret)
			return doe_error(mb, -EPROTO,
					 "CDAT handle %#x: length %u of %d",
					 handle, len, ret);
		if (len > CDAT_MAX_SIZE - *size)
			return doe_error(mb, -EPROTO, "CDAT over %d bytes",
					 CDAT_MAX_SIZE);
		memcpy(table + *size, entry, len);
		*size += len;
	}
	return 0;
}

/* Send a Compliance request that is just a code; check the response */
static int compliance(struct doe_mbox *mb, u8 code, u8 *resp, int len)
{
	u8 req[4] = { code, COMPLIANCE_VERSION };
	int n;

	n = doe_exchange(mb, DOE_VID_CXL, DOE_TYPE_COMPLIANCE, req,
			 sizeof(req), resp, len);
	if (n < 0)
		return exchange_failed(mb, n);
	if (n < len || resp[0] != code)
		return fail(EXIT_PROTO, "%s: bad Compliance response, %d bytes",
			    mb->name, n);
	return EXIT_OK;
}

static const char *compliance_status(u8 status)
{
	static const char * const names[] = {
		"ok", "not authorised", "unknown failure",
		"unsupported injection", "internal error", "busy",
		"not initialised",
	};

	return status < ARRAY_SIZE(names) ? names[status] : "?";
}

/* Show what the Compliance feature says */
int show_compliance(struct doe_mbox *mb)
{
	u8 cap[20], status[10];
	int ret;

	ret = compliance(mb, COMPLIANCE_CAPABILITY, cap, sizeof(cap)) ?:
	      compliance(mb, COMPLIANCE_STATUS, status, sizeof(status));
	if (ret)
		return ret;

	out_named("mailbox", mb->name);
	out_object("capability", "capability");
	out_num("version", cap[1]);
	out_num("status", cap[3]);
	out_str("meaning", compliance_status(cap[3]));
	out_hex("available", get_le64(cap + 4));
	out_hex("enabled", get_le64(cap + 12));
	out_end();
	out_object("status", "status");
	out_num("version", status[1]);
	out_hex("capabilities", get_le32(status + 3));
	out_num("cache_size", get_le16(status + 7));
	out_num("cache_size_units", status[9]);
	out_end();
	out_end();

	if (cap[3])
		return fail(EXIT_DEVERR, "%s: Compliance status %u, %s",
			    mb->name, cap[3], compliance_status(cap[3]));
	return EXIT_OK;
}

/* Error codes of DSP0274 */
static const char *spdm_error(u8 code)
{
	static const char * const names[256] = {
		[0x01] = "InvalidRequest", [0x03] = "Busy",
		[0x04] = "UnexpectedRequest", [0x05] = "Unspecified",
		[0x06] = "DecryptError", [0x07] = "UnsupportedRequest",
		[0x08] = "RequestInFlight", [0x09] = "InvalidResponseCode",
		[0x0a] = "SessionLimitExceeded", [0x0b] = "SessionRequired",
		[0x0c] = "ResetRequired", [0x0d] = "ResponseTooLarge",
		[0x0e] = "RequestTooLarge", [0x0f] = "LargeResponse",
		[0x10] = "MessageLost", [0x11] = "InvalidPolicy",
		[0x41] = "VersionMismatch", [0x42] = "ResponseNotReady",
		[0x43] = "RequestResynch", [0x44] = "OperationFailed",
		[0x45] = "NoPendingRequests", [0xff] = "VendorDefined",
	};

	return names[code] ?: "reserved";
}

/* Show the SPDM versions of a device */
int show_spdm_versions(struct doe_mbox *mb)
{
	static const u8 req[4] = { SPDM_VERSION_10, SPDM_GET_VERSION };
	u8 resp[6 + 255 * 2 + 2];
	int i, n;
	u16 v;

	n = doe_exchange(mb, DOE_VID_PCI, DOE_TYPE_CMA, req, sizeof(req), resp,
			 sizeof(resp));
	if (n < 0)
		return exchange_failed(mb, n);

	if (n >= 4 && resp[1] == SPDM_ERROR)
		return fail(EXIT_DEVERR,
			    "%s: SPDM error 0x%02x %s, data 0x%02x", mb->name,
			    resp[2], spdm_error(resp[2]), resp[3]);
	if (n < 6 || resp[1] != SPDM_VERSION || n < 6 + 2 * resp[5])
		return fail(EXIT_PROTO, "%s: bad SPDM VERSION response, %d bytes",
			    mb->name, n);

	out_named("mailbox", mb->name);
	out_array("versions");
	for (i = 0; i < resp[5]; i++) {
		v = get_le16(resp + 6 + 2 * i);
		out_object(NULL, "SPDM");
		out_num("major", v >> 12);
		out_num("minor", v >> 8 & 0xf);
		out_num("update", v >> 4 & 0xf);
		out_num("alpha", v & 0xf);
		out_end();
	}
	out_end();
	out_end();
	if (resp[0] != SPDM_VERSION_10)
		return fail(EXIT_PROTO, "%s: VERSION says 0x%02x, not 0x10, of itself",
			    mb->name, resp[0]);
	if (!resp[5])
		return fail(EXIT_PROTO, "%s: VERSION without entries", mb->name);
	return EXIT_OK;
}
