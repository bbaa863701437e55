# SPDX-License-Identifier: MIT
"""libopendkim as a verifier: the library that signs, told nothing but the public keys."""
import ctypes
import ctypes.util

CONTINUE, NOT_FOUND = 0, 3  # DKIM_CBSTAT_
OK = 0                      # DKIM_STAT_, DKIM_SIGERROR_ and DKIM_SIGBH_ alike
PASSED = 0x04               # DKIM_SIGFLAG_
# dkim_chunk() holds a line of the body back until it is whole.
CHUNK = 64 * 1024

LOOK_UP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
                           ctypes.POINTER(ctypes.c_char), ctypes.c_size_t)


def _library():
    library = ctypes.CDLL(ctypes.util.find_library("opendkim"))
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
            ("dkim_init", pointer, (pointer, pointer)),
            ("dkim_close", None, (pointer,)),
            ("dkim_set_key_lookup", ctypes.c_int, (pointer, LOOK_UP)),
            ("dkim_verify", pointer, (pointer, text, pointer, ctypes.POINTER(ctypes.c_int))),
            ("dkim_free", ctypes.c_int, (pointer,)),
            ("dkim_chunk", ctypes.c_int, (pointer, text, ctypes.c_size_t)),
            ("dkim_eom", ctypes.c_int, (pointer, ctypes.POINTER(ctypes.c_bool))),
            ("dkim_getsiglist", ctypes.c_int, (pointer, ctypes.POINTER(ctypes.POINTER(pointer)),
                                               ctypes.POINTER(ctypes.c_int))),
            ("dkim_sig_process", ctypes.c_int, (pointer, pointer)),
            ("dkim_sig_getflags", ctypes.c_uint, (pointer,)),
            ("dkim_sig_getbh", ctypes.c_int, (pointer,)),
            ("dkim_sig_geterror", ctypes.c_int, (pointer,)),
            ("dkim_sig_geterrorstr", text, (ctypes.c_int,)),
            ("dkim_sig_getdomain", text, (pointer,)),
            ("dkim_sig_getselector", text, (pointer,))):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def results(message, records):
    """What it says of each signature; records are the TXT texts by name."""
    library = _library()

    @LOOK_UP
    def look_up(_dkim, signature, text_r, size):
        name = b"%s._domainkey.%s" % (library.dkim_sig_getselector(signature),
                                      library.dkim_sig_getdomain(signature))
        text = records.get(name.decode().lower(), "").encode()
        if not text or len(text) >= size:
            return NOT_FOUND
        ctypes.memmove(text_r, text + b"\0", len(text) + 1)
        return CONTINUE

    handle = library.dkim_init(None, None)
    library.dkim_set_key_lookup(handle, look_up)
    status = ctypes.c_int()
    dkim = library.dkim_verify(handle, b"test", None, ctypes.byref(status))
    try:
        for at in range(0, len(message), CHUNK):
            library.dkim_chunk(dkim, message[at:at + CHUNK], len(message[at:at + CHUNK]))
        library.dkim_chunk(dkim, None, 0)
        library.dkim_eom(dkim, None)
        return [_result(library, dkim, signature) for signature in _signatures(library, dkim)]
    finally:
        library.dkim_free(dkim)
        library.dkim_close(handle)


def _signatures(library, dkim):
    signatures, count = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_int()
    if library.dkim_getsiglist(dkim, ctypes.byref(signatures), ctypes.byref(count)) != OK:
        return []
    return [signatures[index] for index in range(count.value)]


def _result(library, dkim, signature):
    # dkim_eom() stops at the first one that passes.
    library.dkim_sig_process(dkim, signature)
    if library.dkim_sig_getflags(signature) & PASSED and library.dkim_sig_getbh(signature) == OK:
        return "pass"
    error = library.dkim_sig_geterrorstr(library.dkim_sig_geterror(signature))
    return f"fail ({(error or b'body hash').decode()})"
