"""One session with one server: opened, watched, closed and opened again, and what is observed on it, judged.

Above: `guard`, which calls over the session that is open; `routing`, which starts one supervisor for each server.
Below: `catalogue` reads what the server lists; `filters` alter what it sends; a transport is handed in.
"""
