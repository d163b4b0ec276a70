#include "ports.h"

/* Names as people say them.  Ids: MITRE ATT&CK Enterprise v17, T1021 and what its sub-techniques name. */
const struct admin_port admin_ports[ADMIN_PORTS] = {
	{ 22, "SSH", "T1021.004" },
	{ 23, "Telnet", "T1021" },
	{ 135, "RPC",
	    "T1021.003" }, /* DCOM, WMI, the service manager: what follows is on a high port */
	{ 139, "NetBIOS", "T1021.002" },
	{ 445, "SMB", "T1021.002" },
	{ 512, "rexec", "T1021" },
	{ 513, "rlogin", "T1021" },
	{ 514, "rsh", "T1021" },
	{ 1433, "SQL Server", "T1210" },
	{ 2222, "SSH (2222)", "T1021.004" },
	{ 2375, "Docker", "T1210" },
	{ 3283, "Apple Remote Desktop", "T1021.005" },
	{ 3389, "RDP", "T1021.001" },
	{ 4899, "Radmin", "T1021" },
	{ 5800, "VNC (5800)", "T1021.005" },
	{ 5900, "VNC", "T1021.005" },
	{ 5901, "VNC (5901)", "T1021.005" },
	{ 5985, "WinRM", "T1021.006" },
	{ 5986, "WinRM (TLS)", "T1021.006" },
	{ 10250, "kubelet", "T1210" },
};

int
admin_port(unsigned port)
{
	for (int i = 0; i < ADMIN_PORTS; i++)
		if (admin_ports[i].port == port)
			return i;
	return -1;
}
