var $e=()=>performance.now(),ce=(t,e)=>t.addEventListener("abort",e),ue={colormap:"auto",opacity:.7,clip:99.5,threshold:0,sign:"both",blend:"normal",arrangement:"overlay",interpolation:"smooth"};function W(t,e,n){return Math.max(e,Math.min(n,t))}var an={ArrowUp:[-1,0],ArrowDown:[1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]};function rt(t){let e=an[t];return e&&e[1]-e[0]}function de(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function it(t,e,n,o){let r=e?t:0;return Float32Array.from({length:r+t+1},(a,s)=>{let i=(s-r)/t;return Math.sign(i)*Math.abs(i)**o*n})}var Ve=8191;function ct(t,e,n,o="smooth"){let{signed:r,gamma:a}=t,[s,i]=t.shape,d=t.peak||0,l=de(t.data),u=it(r?127:255,r,d,a),f=at(l,u),y={width:e,height:n,signed:r,nativeValues:u,nativeCounts:f};if(i===e&&s===n)return{...y,index:l,values:u,counts:f};let A=Float32Array.from(l,w=>u[w]),h=it(Ve,r,d,2),v=r?Ve:0,g=sn(A,s,i,n,e,o),p=new Uint16Array(g.length);for(let w=0;w<g.length;w++){let b=g[w]/(d||1);p[w]=v+Math.round(Math.sign(b)*Math.sqrt(Math.abs(b))*Ve)}return{...y,index:p,values:h,counts:at(p,h)}}function at(t,e){let n=new Uint32Array(e.length);for(let o=0;o<t.length;o++)n[t[o]]++;return n}function sn(t,e,n,o,r,a){if(a==="cells"){let d=new Float32Array(o*r);for(let l=0;l<d.length;l++){let[u,f]=[Math.floor(l/r)+.5,l%r+.5];d[l]=t[Math.floor(u*(e/o))*n+Math.floor(f*(n/r))]}return d}let s=o>e?st:lt;return(r>n?st:lt)(s(t,n,e,o,n),o,n,r,1)}function st(t,e,n,o,r){let a=new Float32Array(e*o),s=r===1,[i,d]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let l of t)i=Math.min(i,l),d=Math.max(d,l);for(let l=0;l<o;l++){let u=W((l+.5)*(n/o)-.5,0,n-1),f=Math.floor(u),y=u-f,[A,h,v,g]=[-1,0,1,2].map(m=>W(f+m,0,n-1)*r),p=((2-y)*y-1)*y/2,w=((3*y-5)*y*y+2)/2,b=((4-3*y)*y+1)*y/2,M=(y-1)*y*y/2;for(let m=0;m<e;m++){let S=s?m*n:m,k=p*t[S+A]+w*t[S+h]+b*t[S+v]+M*t[S+g];a[s?m*o+l:l*r+m]=Math.max(i,Math.min(d,k))}}return a}function lt(t,e,n,o,r){let a=new Float32Array(e*o),s=r===1;for(let i=0;i<o;i++){let d=Math.max(0,(i+.5)*n/o-.5),l=Math.min(Math.floor(d),n-1),u=Math.min(l+1,n-1),f=d-l;for(let y=0;y<e;y++){let A=s?y*n:y,h=t[A+l*r],v=t[A+u*r];a[s?y*o+i:i*r+y]=(1-f)*h+f*v}}return a}function c(t,...e){let[n,...o]=t.split("."),r=document.createElement(n||"div");n==="button"&&I(r,{type:"button"}),r.className=o.map(a=>`xw-${a}`).join(" ");for(let a of e)typeof a=="string"||a instanceof Node?r.append(a):I(r,a);return r}function I(t,e){for(let[n,o]of Object.entries(e)){let r=n.replace("_","data-xw-").replace("$","aria-");o==null||o===!1?t.removeAttribute(r):t.setAttribute(r,o===!0?"":`${o}`)}}function G(t,e){t.textContent!==e&&(t.textContent=e)}function re(t,e){t.hidden=!e,G(t,e)}function N(t,e,n,o){for(let r of n.split(" "))e.addEventListener(r,o,{signal:t,passive:!1})}var ae=t=>t.preventDefault(),Ne=({ctrlKey:t,metaKey:e,altKey:n})=>t||e||n;function Ie(t,e,...n){let o=document.createElementNS("http://www.w3.org/2000/svg",t);return I(o,e),o.append(...n),o}function he(t,e="",n="0 0 16 16"){return Ie("svg",{class:e,viewBox:n,preserveAspectRatio:"none",$hidden:"true"},Ie("path",{d:t}))}function ut(t,e,n,o,r,a={}){let s={_control:e,title:n,$label:n,...a},i=c("button.tool",s,he(o));return N(t,i,"click",r),i}var dt=(t,...e)=>c("section.section",c("h3",t),...e),Ce=(t,e,...n)=>c(".row",{title:e||null},c("span.name",t),...n);function ln(t){let e=new AbortController;return ce(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function pe(t,e,n){let o=[...e.children],r=ln(t),a,s=[];return(i,d=i)=>{if(d===a)return s;a=d;let l=r(),u=i.map((f,y)=>n(f,y,l));return s=u.map(([,f])=>f),e.replaceChildren(...o,...u.flatMap(([f])=>f)),s}}function je(t,e,n){t.width=e,t.height=1;let o=new ImageData(e,1);for(let r=0;r<e;r++)o.data.set(n(r),4*r);t.getContext("2d")?.putImageData(o,0,0)}var Le=()=>`xw-${Math.random().toString(36).slice(2)}`;function le(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),n=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+n.replaceAll("-","−")}function Y(t,e=1){let n=10**-e;return t>0&&200*t<n?`<${n} %`:`${(100*t).toFixed(e)} %`}var ze=t=>t.charAt(0).toUpperCase()+t.slice(1);function pt(t){let e=/-?\d*\.?\d+(e[-+]?\d+)?/i.exec(t.replace("−","-").replace(",","."));return e&&Number(e[0])}var mt=380;function Te(t,e,n,o,r,a=n){let s=Le(),i=c(".popup",{role:"listbox",id:s,$label:o,hidden:!0}),d=[],l=[],u=-1;e.append(i),ce(t,()=>i.remove()),I(n,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:s}),N(t,i,"pointerdown mousedown",ae),N(t,n,"blur",f);function f(){i.hidden||(i.hidden=!0,I(n,{$expanded:"false",$activedescendant:null}))}function y(p){!p||p.reason||(f(),r(p.value))}function A(p){d[u]?.removeAttribute("data-xw-active"),u=p;let w=d[p];if(I(n,{$activedescendant:w?.id}),!w)return;I(w,{_active:!0});let{offsetTop:b,offsetHeight:M}=w;i.scrollTop=W(i.scrollTop,b+M-i.clientHeight+4,Math.max(0,b-28))}function h(p,w){for(let b=p;l[b];b+=w)if(!l[b]?.reason){A(b);break}}function v(p,w,b){let{value:M,reason:m,note:S,title:k,swatch:$}=p,F=c("label.option",{id:`${s}-${w}`,role:"option",$selected:String(M===b),$disabled:m?"true":null,_value:M,title:k});return $&&F.append($()),F.append(c("span.label",p.label),c("span.note",m??S??"")),N(t,F,"click",()=>y(p)),F}function g(){let p=i.offsetParent.getBoundingClientRect(),w=a.getBoundingClientRect(),b=p.bottom-w.bottom-12,M=w.top-p.top-12,m=b<Math.min(i.scrollHeight+2,mt)&&M>b,S=p.width-16,k=Math.min(w.left-p.left-1,S+8-i.offsetWidth);i.style.cssText=`min-width:${Math.min(w.width,S)}px;left:${Math.max(8,k)}px;max-height:${W(m?M:b,120,mt)}px;${m?`bottom:${p.bottom-w.top+3}`:`top:${w.bottom-p.top+3}`}px`}return{isOpen:()=>!i.hidden,close:f,walk:h,open(p,w){l=p,u=-1,d=l.map((S,k)=>v(S,k,w)),i.replaceChildren();let b,M=i;l.forEach((S,k)=>{S.group&&S.group!==b&&(b=S.group,M=c("",{role:"group",$label:b},c(".group",b)),i.append(M)),M.append(d[k])}),i.hidden=!1,I(n,{$expanded:"true"}),g();let m=l.findIndex(({value:S})=>S===w);m<0?h(0,1):A(m)},find(p){let w=l.length,b=Math.max(0,p.length>1?u:u+1);for(let M=0;M<w;M++){let{label:m,reason:S}=l[(b+M)%w];if(!(S||!m.toLowerCase().startsWith(p))){A((b+M)%w);break}}},key(p){let{key:w}=p;if(w==="ArrowDown")h(u+1,1);else if(w==="ArrowUp")h(u-1,-1);else if(w==="Enter")y(l[u]);else if(w==="Escape")f(),p.stopPropagation();else return!1;return ae(p),!0}}}var ft="not in this saved page",cn=700;function we(t,e,n,o,r,a,s){let[i,d]=[c("span.label"),c("span.note")],l=he("M4 6.5l4 4 4-4"),u=c(`button.field.picker.${r}`,{_control:o},i,d,l),f=Te(t,e,u,n,a),y=[],A=[],h="",v="",g=0,p=()=>{u.focus(),A=typeof y=="function"?y():y,f.open(A,h)};return N(t,u,"click",()=>f.isOpen()?f.close():p()),s&&N(t,u,"dblclick",s),N(t,u,"keydown",w=>{let{key:b,timeStamp:M}=w,m=/^[^ ?]$/.test(b)&&!Ne(w);if(f.isOpen()){if(f.key(w))return;if(b==="Home")f.walk(0,1);else if(b==="End")f.walk(A.length-1,-1);else if(!m)return}else if(m||b==="ArrowDown"||b==="ArrowUp")p();else return;ae(w),m&&(v=M-g>cn?b:v+b,g=M,f.find(v.toLowerCase()))}),{element:u,show(w,b,M,m="",S=!1){y=w,h=b,G(i,M),I(i,{title:M}),G(d,m),I(d,{title:m||null}),I(u,{disabled:S,$label:`${n}: ${M}${m&&`, ${m}`}`})}}}var ht="M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",un="M3 8.5l3.2 3.2L13 5",dn={figure:"Figure",picture:"Picture"},pn=2e4;function bt(t,e,n,o,r,a=!1){let s;n.on("msg:custom",(h,v=[])=>{h.kind==="figure"&&s?.(new Blob([de(v[0])],{type:"image/png"}))});let i=he(ht),d=ut(t,"save","Save or copy as PNG","",u);d.replaceChildren(i),d.hidden=a&&n.frozen;let l=Te(t,e,d,"Save or copy",h=>{f(h)});N(t,d,"keydown",h=>{l.isOpen()&&l.key(h)});function u(){if(l.isOpen()){l.close();return}d.focus();let h=r()?null:"nothing is shown yet",v=n.state()==="gone"&&"the kernel is gone",g=n.frozen&&ft||v||null,p=navigator.clipboard&&window.ClipboardItem?null:"needs https or localhost",b=(a?["figure"]:["figure","picture"]).flatMap(M=>{let[m,S]=[dn[M],M==="figure"?g:h];return[{value:`save ${M}`,label:"Save as PNG",group:m,reason:S},{value:`copy ${M}`,label:"Copy",group:m,reason:S??p}]});l.open(b,"")}async function f(h){let[v,g]=h.split(" "),p=r(),w=[...p?.[1]??[],g==="figure"&&"figure"],b=g==="figure"?y():fn(p[0]);try{if(v==="copy")await navigator.clipboard.write([new ClipboardItem({"image/png":b})]);else{let M=URL.createObjectURL(await b);c("a",{href:M,download:`${mn(w)}.png`}).click(),setTimeout(()=>URL.revokeObjectURL(M),6e4)}A(v==="copy"?"Copied.":"Saved.")}catch(M){o(`It could not be ${v==="copy"?"copied":"saved"}: ${M}`),I(d,{title:`${M}`})}}function y(){n.save();let h=new Promise((v,g)=>{s=v,setTimeout(()=>g(new Error("no answer from the kernel")),pn)});return n.send({kind:"figure"}),h}function A(h){o(h);let[v]=i.children;I(v,{d:un}),I(d,{title:h}),setTimeout(()=>{I(v,{d:ht}),I(d,{title:"Save or copy as PNG"})},1600)}return d}var mn=t=>t.filter(Boolean).join("_").replace(/[^\p{L}\p{N}]+/gu,"_")||"picture",fn=t=>new Promise((e,n)=>{t.toBlob(o=>o?e(o):n(new Error("the picture is empty")))});var gt=t=>t!=="rest"&&t!=="stopped";function se(t,e,n,o,r){let a=Le(),s=o.map(([u,,f])=>c("input",{type:"radio",name:a,value:u,$label:f})),i=o.map(([,u],f)=>c("label.segment",{_text:u},s[f],u)),d=c(".segments",{role:"radiogroup",$label:e,_control:n});return d.append(...i),N(t,d,"change",({target:u})=>r(u.value)),N(t,d,"dblclick",()=>r(o[0][0])),[d,(u,f=null)=>{for(let[y,[A,,h]]of o.entries())I(i[y],{title:f??h}),I(s[y],{disabled:!!f}),s[y].checked=A===u}]}var Pe=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var _e=Pe.map(([t,e,n])=>({name:t,title:e,diverging:!!n})),wt=new Map;function ve(t){let e=wt.get(t);if(e)return e;let[,,n,o,r]=Pe.find(([s])=>s===t)??Pe[0],a=hn(o,r,n);return wt.set(t,a),a}function hn(t,e,n){let o=new Uint8Array(768),r=Array.from({length:768},(a,s)=>{let i=t.charCodeAt(12+(s>>2))||75;return Math.floor((i-35)/3**(s&3))%3-1});for(let a=0;a<e.length;a+=2)r[e[a]]+=e[a+1];for(let a=0;a<3;a++){let s=+`0x${t.slice(4*a,4*a+2)}`,i=+`0x${t.slice(4*a+2,4*a+4)}`-128;for(let d=n;d<256;d++)o[3*d+a]=s,s+=i,i+=r[256*a+d-n]}return n&&o.copyWithin(0,3,6),o}function ke(t,e){let n=t==="auto"?e?"coolwarm":"inferno":t;return _e.find(o=>o.name===n)??_e[0]}var bn=.5;function Me(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function Oe(t,e,n){return xt(t,e,n,!0)}function yt(t,e,n){let o=xt(t,bn,n,!1);return o<e?o:0}function xt({nativeValues:t,nativeCounts:e},n,o,r){let a=Array.from(t,(y,A)=>[Math.abs(Me(y,o)),e[A]]).sort(([y],[A])=>y-A),s=e.reduce((y,A)=>y+A),i=y=>{let A=y;for(let[h,v]of a)if(A-=v,A<0)return h;return 0},d=(s-1)*n/100,l=Math.floor(d),u=i(l);return u+(d-l)*(i(Math.min(l+1,s-1))-u)||(r?i(s-1):0)}function vt(t,e,n){return e<=0?0:W(Me(t,n)/e,-1,1)}function kt(t,e,n,o){let r=0;for(let a=0;a<t.values.length;a++)Math.abs(vt(t.values[a],e,o))>=n&&(r+=t.counts[a]);return r/t.index.length}function Je(t,e){let n=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*n+.5):Math.floor(255*n+.5)}function gn(t){return t*t*(3-2*t)}function Mt(t,e){let{most:n,foot:o=0,threshold:r,sign:a,lut:s,diverging:i,opaque:d}=e,l=n>0?o/n:0,u=new Uint8ClampedArray(4*t.length);for(let f=0;f<t.length;f++){let y=vt(t[f],n,a);Math.abs(y)<r&&(y=0);let A=3*Je(y,i);u[4*f]=s[A],u[4*f+1]=s[A+1],u[4*f+2]=s[A+2],u[4*f+3]=d?255:Math.floor(255*gn(W((Math.abs(y)-l)/(1-l),0,1))+.5)}return new Uint32Array(u.buffer)}function At(t,e,n){for(let o=0;o<t.length;o++)t[o]=n[e[o]]}var Be;function Ae(t,e,n,o){let{width:r,height:a}=t,s=t.getContext("2d");if(!s)return;let i=Math.min(r/e.width,a/e.height),[d,l]=[Math.round(e.width*i),Math.round(e.height*i)],[u,f]=[r-d>>1,a-l>>1];if(s.globalAlpha=1,s.globalCompositeOperation="source-over",s.clearRect(0,0,r,a),s.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,s.drawImage(e,u,f,d,l),!n?.peak||!d||!l)return;Be??=new OffscreenCanvas(1,1),Object.assign(Be,{width:d,height:l});let{opacity:y,blend:A}=o,[h,v]=St(n,d,l,o,!1);return Be.getContext("2d").putImageData(h,0,0),s.globalAlpha=y,s.globalCompositeOperation=A==="normal"?"source-over":A,s.drawImage(Be,u,f),s.globalAlpha=1,s.globalCompositeOperation="source-over",v}function Re(t,e,n){let{width:o,height:r}=t;e.shape[0]&&t.getContext("2d")?.putImageData(St(e,o,r,n,!0)[0],0,0)}function St(t,e,n,o,r){let a=$e(),s=new ImageData(e,n),i=ct(t,e,n,o.interpolation),{clip:d,sign:l,threshold:u}=o,{name:f,diverging:y}=ke(o.colormap,t.signed),A=Oe(i,d,l),h=yt(i,A,l),v={most:A,foot:h,threshold:u,sign:l,lut:ve(f),diverging:y,opaque:r};At(new Uint32Array(s.data.buffer),i.index,Mt(i.values,v));let g=kt(i,A,u,l);return[s,{map:i,most:A,kept:g,colormap:f,milliseconds:$e()-a}]}var Kt=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],wn=288;function Et(t,e,n){let o=c("canvas.photo",{role:"img"}),r=c(".placebox",{hidden:!0}),a=c(".photobox",o,r),[s,i]=[c("p.facts.key"),c("p.facts")],d=c(".bars"),l=c(".near"),u=c("section.part",c("h3","Looks most like"),l),f=c(".verdicts"),y=c("button.link",{_control:"undo"},"Undo"),A=c("span"),h=c("section.part",c("h3.split","What is it?",A),f,y),v=Kt.map(([K,Q])=>c("button.wide",{_control:`open-${K}`},Q)),g=c("button.wide",{_control:"cover"}),p=c("p.tried"),w=c("section.part.test",c("p",c("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),g,p),b=c("section.part",...v),M=c("p.nothing","Choose a picture: click one, or walk with the arrow keys."),m="prediction",S,k,$=-1,F,_=[1,1],[R,q]=se(t,"Map for","map-of",[["prediction","answer"],["label","label"]],K=>{m=K,L()}),ee=c(".chosen",a,R,s,i,d,u,h,w,b),te=c(".one",M,ee);N(t,y,"click",e.undo),v.forEach((K,Q)=>{N(t,K,"click",()=>n.open(Kt[Q][0]))}),N(t,g,"click",()=>{k&&e.cover([...e.rows],k)});let x,C=({clientX:K,clientY:Q})=>{let{left:O,top:V,width:B,height:X}=o.getBoundingClientRect(),Z=ie=>Math.max(0,Math.min(1,ie));return[Z((K-O)/B),Z((Q-V)/X)]};N(t,o,"pointerdown",K=>{e.frozen||!e.head?.able||(x=C(K),o.setPointerCapture(K.pointerId),ae(K))}),N(t,o,"pointermove",K=>{if(!x)return;let Q=C(K),[O,V]=[Math.min(x[0],Q[0]),Math.min(x[1],Q[1])];k=[O,V,Math.abs(Q[0]-x[0]),Math.abs(Q[1]-x[1])],E()}),N(t,o,"pointerup pointercancel",()=>{x=void 0,k&&k[2]*k[3]<2e-4&&(k=void 0),E()});function E(){let K=k??e.set(e.looks.slice)?.box??void 0;if(r.hidden=!K,K){let[O,V,B,X]=K.map(Z=>`${100*Z}%`);r.style.cssText=`left:${O};top:${V};width:${B};height:${X}`}k??=K?[...K]:void 0;let Q=e.rows.length;G(g,k?`Cover it in these ${Q.toLocaleString("en")} pictures`:"Draw a box on the picture"),g.disabled=!k||!!e.experiment?.busy||!Q}let T=pe(t,f,(K,Q,O)=>{let V=c("button.verdict",{$pressed:"false"},c("span.keycap",String(Q+1)),K);return N(O,V,"click",()=>n.decide(K)),[V,()=>I(V,{$pressed:String(e.table?.word("verdict",$)===K)})]}),D=pe(t,d,([K,Q,O])=>{let V=c("span.class",K,O&&c("span.note",` ${O}`));return V.style.backgroundSize=`${100*Q}% 100%`,[c(".bar",{_kind:O},V,c("span.chance",Y(Q))),()=>{}]}),U=pe(t,l,(K,Q,O)=>{let V=c("canvas",{$hidden:"true"}),B=c("button.mini",V);N(O,B,"click",()=>n.choose(K));let X=!1;return[B,()=>{let{table:Z}=e,ie=Z?.word("prediction",K)??"",oe=Z?.word("label",K)??"",fe=oe&&oe!==ie?`${ie}, labelled ${oe}`:ie;I(B,{title:fe,$label:fe,_wrong:!!(oe&&oe!==ie)});let Ke=e.pictures.bitmap(K);!Ke||X||(X=!0,Object.assign(V,{width:112,height:112}),Ae(V,Ke,void 0,e.looks))}]});async function P(K,Q){try{let O=await createImageBitmap(new Blob([de(Q.data)],{type:Q.mime}));F?.bitmap.close(),F={row:K,picture:Q,bitmap:O},K===$&&H()}catch(O){console.warn(O)}}function H(){let K=F?.row===$?F.bitmap:e.pictures.bitmap($);if(!K)return;let Q=Math.min(devicePixelRatio||1,2),O=wn*Q/Math.max(K.width,K.height),V=[Math.round(K.width*O),Math.round(K.height*O)];(o.width!==V[0]||o.height!==V[1])&&Object.assign(o,{width:V[0],height:V[1]}),_=V,a.style.setProperty("--xw-aspect",String(_[0]/_[1])),S=Ae(o,K,e.looks.maps?z():void 0,e.looks),I(o,{_sharp:F?.row===$,_row:$})}function z(){if(m==="prediction"||j())return e.pictures.sprite($)?.map;let K=e.labelMap($);return typeof K=="string"?void 0:K}let j=()=>{let{table:K}=e,Q=K?.word("label",$);return!Q||Q===K?.word("prediction",$)};function L(){let{table:K,frozen:Q,head:O,looks:V}=e,B=V.row??-1,X=!!(K&&B>=0&&B<K.count);if(M.hidden=X,ee.hidden=!X,!K||!X)return;B!==$&&($=B,k=void 0,e.lookAt(B));let Z=e.detail(B);Z?.picture&&F?.picture!==Z.picture&&P(B,Z.picture);let[ie,oe]=[K.word("prediction",B),K.word("label",B)],fe=K.number("probability",B);R.hidden=j()||Q&&e.labelMap(B)===void 0,m==="label"&&!R.hidden&&e.askLabelMap(B),q(m),H(),E(),G(s,[K.word("key",B),`row ${B.toLocaleString("en")}`,...J(B)].filter(Boolean).join(" · "));let Ke=m==="label"&&typeof e.labelMap(B)=="string"?String(e.labelMap(B)):"";re(i,[Z?.words,Ke].filter(Boolean).join(" "));let ge=!!K.correct[B],xe=(Z?.top??[]).map(({name:ne,probability:ot,index:rn})=>[ne,ot,nn(ne,rn)]),Fe=Math.exp(-K.number("loss",B)),He=[];ie&&!Number.isNaN(fe)&&He.push([ie,fe,ge?"right":oe?"wrong":""]),oe&&!ge&&!Number.isNaN(Fe)&&He.push([oe,Fe,"label"]),xe.length&&oe&&!ge&&!xe.some(([ne])=>ne===oe)&&xe.push([oe,Fe,"label"]);function nn(ne,ot){return ne===oe?ge?"right":"label":ne===ie&&oe&&!ge?"wrong":""}let tt=xe.length?xe:He;for(let ne of D(tt,JSON.stringify(tt)))ne();let Ee=e.nearest(B);u.hidden=!Ee.length,e.wantAlso(Ee,"chosen");for(let ne of U(Ee,Ee.join()))ne();let nt=n.subjects();G(A,nt.length>1?`${nt.length.toLocaleString("en")} chosen`:""),h.hidden=Q&&!K.word("verdict",B),y.hidden=Q;for(let ne of T(e.verdict_words))ne();for(let ne of f.querySelectorAll("button"))ne.disabled=Q;w.hidden=b.hidden=Q||!O?.able;let{experiment:De}=e;I(p,{_survives:De?.survives}),re(p,De?.busy?"Covering …":De?.words??"");let on=gt(e.state())&&["gone","silent"].includes(e.state());for(let ne of v)ne.disabled=on;I(o,{$label:`${K.word("key",B)}: ${ie} ${Number.isNaN(fe)?"":Y(fe)}${oe&&!ge?`, labelled ${oe}`:""}`})}function J(K){let{table:Q,head:O}=e,V=(O?.metadata??[]).slice(0,6).map(X=>{let Z=Q.word(X,K);return Z&&`${X} ${Z}`}),B=Q.number("loss",K);return[...V,Number.isNaN(B)?"":`loss ${le(B).replace("+","")}`]}return{part:[te,L],painted:()=>$>=0?S:void 0,paint:()=>{H();for(let K of U(e.nearest($),e.nearest($).join()))K()}}}var ye=65535;function $t(t,e){if(!e)return[0,1];let n=1.959964,o=t/e,r=(o+n*n/(2*e))/(1+n*n/e),a=n/(1+n*n/e)*Math.sqrt(o*(1-o)/e+n*n/(4*e*e));return[Math.max(0,r-a),Math.min(1,r+a)]}function It(t,e){let[n,o]=[t.codes("label"),t.codes("prediction")],r=new Map,a=t.classes.length;for(let s=0;s<t.count;s++){if(e&&!e[s]||n[s]===ye||o[s]===ye)continue;let i=n[s]*a+o[s];r.set(i,(r.get(i)??0)+1)}return r}function Nt(t,e){let n=new Map;for(let[o,r]of t){let a=Math.floor(o/e);n.set(a,(n.get(a)??0)+r)}return[...t].map(([o,r])=>{let a=Math.floor(o/e);return{label:a,prediction:o%e,count:r,share:r/n.get(a)}}).filter(({label:o,prediction:r})=>o!==r).sort((o,r)=>r.count-o.count||r.share-o.share||o.label-r.label)}function Ct(t,e,n,o){let r=[],a=o.length/2;for(let s=0;s<t.length;s++){if(!n[s]||Number.isNaN(t[s]))continue;let[i,d]=[t[s],e[s]],l=!1;for(let u=0,f=a-1;u<a;f=u++){let[y,A]=[o[2*u],o[2*u+1]],[h,v]=[o[2*f],o[2*f+1]];A>d!=v>d&&i<(h-y)*(d-A)/(v-A)+y&&(l=!l)}l&&r.push(s)}return r}function qe({shapes:t,peaks:e,signed:n,data:o},r){let a=de(o).slice(),s=0;return e.map((i,d)=>{let l=[t[2*d],t[2*d+1]],u=n[d],f=[u?-i:0,i],y=a.subarray(s,s+l[0]*l[1]);return s+=y.length,{shape:l,signed:u,peak:i,gamma:r,range:f,data:y,state:i?"ok":"zero",message:""}})}var Lt=64;function Tt(t){let e=[],n,o=new Map,r="",a=(i,d,l)=>`${i} ${d} ${l}`;function s(i){n=i,r="";let d=qe(i.maps,i.gamma),l=qe(i.differences,i.gamma);o=new Map([...i.cells.map(([u,f],y)=>[a("cell",u,f),d[y]]),...i.labels.map((u,f)=>[a("difference",u,u),l[f]])])}return{shown:!1,canvas(i,d,l,u){let y=c("canvas.meanmap",u?{title:u,role:"img",$label:u}:{$hidden:"true"});return e.push([a(i,d,l),y]),y},forget(){e=[],r=""},closed:()=>t.frozen&&!t.means?"not in this saved page":null,words(){return this.shown?t.busy("means")?"Adding up maps …":t.words("means")||(t.means?.words??""):""},paint(){let{table:i,means:d,looks:l}=t;if(!this.shown||!i?.done)return;i.done+i.failed===i.count&&t.askMeans(),d&&d!==n&&s(d);let u=JSON.stringify({...l,chosen:0,row:0,filter:0});if(!(!d||u===r)){r=u;for(let[f,y]of e){let A=o.get(f);Object.assign(y,A?{width:Lt,height:Lt}:{width:0,height:0}),I(y,{_there:!!A}),A&&Re(y,A,l)}}}}}var Ue=25,We=12,Pt=200;function _t(t,e,n){let o=e.length,r=Math.min(n,o),a=[],s=0;for(let l=0;l<r;l++){let u=Math.floor(o/r)+ +(l<o%r);a.push(e.slice(s,s+u)),s+=u}let i=new Map(a.flatMap((l,u)=>l.map(f=>[f,u]))),d=a.map(()=>new Array(r).fill(0));for(let[l,u]of t)d[i.get(Math.floor(l/o))][i.get(l%o)]+=u;return{counts:d,bundles:a}}function Ot(t,e,n){let o=c("table.matrix",{_control:"confusion"}),r=c(".pairs"),[a,s,i]=[c("p.facts"),c("p.facts"),c("p.facts")],d=c(".matrixbox",o),l=Tt(e),[u,f]=se(t,"Cells show","cells",[["counts","counts"],["maps","mean maps"]],m=>{l.shown=m==="maps",b()}),y=c(".tools2",a,c("span.spring"),u),A=c("button.link",{_control:"more-confusions"}),h=c("h3","Taken for another"),v=c(".confusion",y,i,d,h,r,A,s),g="",p=!1;N(t,A,"click",()=>{p=!p,b()});let w=pe(t,r,({label:m,prediction:S,count:k,share:$},F,_)=>{let{classes:R}=e.table,q=c("button.set.pair",c("span.title",`${R[m]} → ${R[S]}`));return q.append(l.canvas("cell",m,S,`mean map of ${R[m]} → ${R[S]}`),l.canvas("cell",m,m,`mean map of ${R[m]} answered right`),l.canvas("difference",m,m,`${R[m]}: right less wrong`),c("span.figure",k.toLocaleString("en")),c("span.note",`${Y($,0)} of them`)),N(_,q,"click",()=>n.show({label:[m],prediction:[S]},"")),[q,()=>{}]});function b(){let{table:m}=e;if(!m)return;let S=m.classes.length,k=S>Ue;k&&m.done+m.failed===m.count&&e.read("order"),f(l.shown?"maps":"counts",l.closed()),re(i,l.words()),I(v,{_maps:l.shown&&!!e.means});let $=`${m.answered} ${e.order?.length} ${p}`;if($===g){l.paint();return}g=$,l.forget();let F=It(m),_=Nt(F,S),R=_.reduce((E,{count:T})=>E+T,0),q=e.order?[...e.order]:m.classes.map((E,T)=>T),ee=`${R.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;G(a,k?`${ee} ${S.toLocaleString("en")} classes in ${Math.min(Ue,S)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${ee} Labels down, answers across; a cell, a row or a column shows its pictures.`),k?M(_t(F,q,Ue),m.classes,!0):M(_t(F,m.classes.map((E,T)=>T),Ue),m.classes,!1),k&&v.append(d);let te=p?Pt:We;w(_.slice(0,te));let x=_.slice(te).reduce((E,{count:T})=>E+T,0),C=(_.length-te).toLocaleString("en");re(s,x?`and ${x.toLocaleString("en")} in ${C} other confusions`:""),A.hidden=_.length<=We,G(A,p?"Fewer":`Show ${Math.max(0,Math.min(Pt,_.length)-We)} more`),l.paint()}function M({counts:m,bundles:S},k,$){let F=m.map(x=>x.reduce((C,E)=>C+E,0)),_=x=>x.length>1?`${k[x[0]]} and ${x.length-1} more`:k[x[0]],R=(x,C)=>(N(t,x,"click",()=>n.show(C,"")),x),q=S.map(x=>c("th",{scope:"col"},R(c("button.turned",{title:`answers: ${_(x)}`},$?"":_(x)),{prediction:x}))),ee=m.map((x,C)=>{let E=S[C],T=R(c("button.side",{title:`labels: ${_(E)}`},_(E)),{label:E}),D=x.map((U,P)=>{let H=F[C]?U/F[C]:0,z=C===P,j=`${_(E)}, answered ${_(S[P])}: ${U}`,L=c("button.cell",{title:j,$label:j,disabled:!U},$||!U?"":String(U));L.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(H))}%`),!$&&U&&L.prepend(l.canvas("cell",E[0],S[P][0],"")),I(L,{_right:z,_strong:H>.45});let J={label:E,prediction:S[P]};return c("td",R(L,$&&z?{...J,correct:!1}:J))});if(!$){let U=`${_(E)}: where evidence lies in right answers and not in wrong ones`,P=c("span.cell",{title:U,role:"img",$label:U});P.append(l.canvas("difference",E[0],E[0],"")),D.push(c("td.less",P))}return c("tr",c("th",{scope:"row"},T),...D)}),te=$?[]:[c("th.less",{scope:"col"},c("span.turned","right − wrong"))];o.replaceChildren(c("tr",c("td"),...q,...te),...ee),I(o,{_many:$}),o.style.setProperty("--xw-n",String(S.length))}return[v,b]}var yn=5e3,Bt=160,Rt=112;function Ut(t,e,n){let[o,r]=[c("p.facts"),c("p.facts")],a=c(".groupcards"),s=c("button.wide",{_control:"group"}),i="features",[d,l]=se(t,"Alike by","groups-of",[["features","what it looks at","The layer's features, weighted by the map"],["maps","where it looks","The maps themselves, made 16 x 16"]],g=>{i=g,e.group(i)});N(t,s,"click",()=>e.group(i));let u=c(".groups",c(".tools2",d,c("span.spring"),s),o,a,r);function f({mask:g}){let p=e.table,w=p.codes("prediction"),b=new Map,[M,m]=[0,-1];for(let k=0;k<g.length;k++){if(!g[k])continue;M++;let $=(b.get(w[k])??0)+1;b.set(w[k],$),$>(b.get(m)??0)&&(m=w[k])}let S=Y((b.get(m)??0)/(M||1),0);return m<0?"":`${S} answered ${p.classes[m]??m}`}let y=pe(t,a,(g,p,w)=>{let b=c("canvas.meanmap",{$hidden:"true"});Object.assign(b,{width:Bt,height:Bt});let M=g.first.map(()=>c("canvas",{$hidden:"true"}));for(let _ of M)Object.assign(_,{width:Rt,height:Rt});let[m,S]=[c("span"),c("span",`${g.count.toLocaleString("en")} pictures`)],k=Y(g.count/(e.groups?.of_rows||g.count),0),$=c("button.groupcard",{_group:p},b,c(".about2",c("b",g.title,c("span.note",` ${k}`)),S,c("span",f(g)),m,c(".near",...M)));if(N(w,$,"click",()=>n.show({},g.id)),g.accuracy!==null){let _=g.count,R=(g.interval??$t(g.accuracy*_,_)).map(q=>Y(q,0));G(m,`${Y(g.accuracy,0)} right [${R.join(", ")}]`)}let F="";return[$,()=>{I($,{$pressed:String(e.looks.slice===g.id)});let _=JSON.stringify({...e.looks,chosen:0,row:0});if(_!==F){let R=e.groups?.mean[p];R&&Re(b,R,e.looks)}g.first.forEach((R,q)=>{let ee=e.pictures.bitmap(R),te=M[q];if(!ee||te.dataset.xwLook===_)return;let x=e.looks.maps?e.pictures.sprite(R)?.map:void 0;Ae(te,ee,x,e.looks),I(te,{_look:_})}),F=_}]}),A=[],h;function v(){let{table:g,groups:p,frozen:w,rows:b}=e;if(!g||e.looks.view!=="groups")return;let M=g.done+g.failed===g.count,m=e.busy("groups")||p||e.words("groups");M&&!m&&!w&&b.length&&b.length<=yn&&e.group(i);let S=b.length.toLocaleString("en");G(s,`Group the ${S} pictures that are shown`),s.hidden=w,s.disabled=!b.length||e.busy("groups"),l(p?.of??i,w?"not in this saved page":null);let k=p?.stability,$=k==null?"They are one group: no gap parts them.":`Drawn again from 80 % of them, the groups agree to ${le(k).replace("+","")} of 1.`,F=p?.of_rows.toLocaleString("en");re(o,e.busy("groups")?"Looking for groups …":e.words("groups")||(p?`The maps of ${F} pictures. ${$}`:"")),re(r,p?`${p.words} A group that is nearly always right and looks at one place is worth a suspicion. A map alone is no proof: cover the place.`:"");let R=p?e.sets("groups"):[];h!==p&&(h=p,A=R.flatMap(({first:q})=>q)),e.wantAlso(A,"groups");for(let q of y(R,p))q()}return[u,v]}function Qt(t,e,n){let o=c("button.link.back",{_control:"back"},"← Back to the pictures"),r=c("span.facts"),[a,s]=se(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],h=>n.open(h)),i=c("p.nothing",{hidden:!0}),d=c(".place"),l=c(".inplace",{hidden:!0},c(".tools2",o,r,c("span.spring"),a),i,d),u;N(t,o,"click",A),t.addEventListener("abort",()=>u?.());function f(h,v){l.hidden=!1,s(h),G(r,v),re(i,"Opening …"),u?.(),u=void 0,d.replaceChildren(),o.focus({preventScroll:!0})}async function y(h){if(!l.hidden){if(h.words)return re(i,h.words);try{let v=await e.widget_manager.get_model(h.model),g=new Blob([String(v.get("_esm"))],{type:"text/javascript"}),p=URL.createObjectURL(g),w=(await import(p)).default;URL.revokeObjectURL(p);let b=c("");d.replaceChildren(b);let M=b.attachShadow({mode:"open"}),m=document.createElement("style");m.textContent=String(v.get("_css"));let S=document.createElement("div");M.append(m,S);let k=new AbortController;w.render({model:v,el:S,signal:k.signal}),u=()=>k.abort(),re(i,"")}catch(v){re(i,`This host cannot show a viewer in place (${v}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function A(){l.hidden||(u?.(),u=void 0,d.replaceChildren(),l.hidden=!0,n.closed())}return{element:l,wait:f,take:y,close:A,isOpen:()=>!l.hidden}}var xn=.08;function Ge(t,e,n){return{low:t,high:e,peak:n,tail:n>Math.max(-t,e)?xn:0}}var Ft=({low:t,high:e,tail:n})=>[t<0?n:0,e>0?n:0];function me(t,e){let{low:n,high:o,peak:r}=t,[a,s]=Ft(t);return e>o?1-s+s*W((e-o)/(r-o||1),0,1):e<n?a*(1-W((n-e)/(r+n||1),0,1)):a+(1-a-s)*((e-n)/(o-n||1))}function Se(t,e){let{low:n,high:o,peak:r}=t,[a,s]=Ft(t),i=W(e,0,1);return s&&i>1-s?o+(i-1+s)/s*(r-o):a&&i<a?n-(1-i/a)*(r+n):n+(i-a)/(1-a-s)*(o-n)}function Ht({nativeValues:t,nativeCounts:e},n){let o=0;for(let r=0;r<t.length;r++)e[r]&&(o=Math.max(o,Math.abs(Me(t[r],n))));return o}function Dt(t,e,n,o){let r=i=>Oe(t,i/10,n),[a,s]=[10*o,1e3];for(;s-a>1;){let i=a+s>>1;r(i)<e?a=i:s=i}return(e-r(a)<r(s)-e?a:s)/10}function Vt(t,e,n,o){let r=new Array(o).fill(0);if(t.high<=t.low)return r;for(let s=0;s<e.values.length;s++){let i=e.values[s];if(!Me(i,n))continue;let[d,l]=[t.low<0&&t.high>0,Math.abs(i)],u=d?i:t.low<0?-l:l,f=me(t,u);r[Math.min(o-1,Math.floor(f*o))]+=e.counts[s]}let a=Math.max(...r,1);return r.map(s=>Math.sqrt(s/a))}var Ze=90,vn={threshold:"Threshold: drag, or arrow keys; double click resets",clip:"Where colours end: drag, or arrow keys; double click resets"},kn={threshold:[.01,.1],clip:[.1,1]};function jt(t,e){return n=>{let o=(h,v,g,p)=>c(`.barend.bar${h}`,{role:"slider",tabindex:0,title:vn[h],$label:v,$valuemin:g,$valuemax:p,_control:`bar-${h}`}),r={threshold:o("threshold","Threshold on the colour bar",0,100),clip:o("clip","Clip on the colour bar",Ze,100)},a=[c(".barend.mirror"),c(".barend.mirror")],s,i,d,l,u=()=>i&&i.high>0?1:-1,f=h=>h==="clip"?s.most:e.appearance.threshold*s.most;function y(h,v){if(s)if(h==="threshold"){let g=s.most>0?v/s.most:0;e.look("threshold",Math.round(100*W(g,0,1))/100)}else e.look("clip",Dt(s.map,v,e.appearance.sign,Ze))}let A=({clientX:h})=>{let{left:v,width:g}=n.getBoundingClientRect(),p=Se(i,(h-v)/(g||1));return i.low<0&&i.high>0?Math.abs(p):Math.max(0,u()*p)};N(t,n,"pointerdown",h=>{if(h.button||!s||!i)return;let v=A(h),g=M=>Math.abs(me(i,u()*f(M))-me(i,u()*v)),p=g("clip")<g("threshold")?"clip":"threshold";h.target!==r[p]&&(ae(h),r[p].focus({preventScroll:!0})),r[p].setPointerCapture(h.pointerId);let w=new AbortController;d=i,l=void 0;let b=h.clientX;N(w.signal,n,"pointermove",M=>{M.pointerId===h.pointerId&&(Math.abs(M.clientX-b)>2&&(l=p),l&&y(p,A(M)))}),N(w.signal,n,"pointerup pointercancel lostpointercapture",()=>{w.abort(),d=l=void 0,e.look("clip",e.appearance.clip)})});for(let h of["threshold","clip"])N(t,r[h],"dblclick",()=>e.look(h,ue[h])),N(t,r[h],"keydown",v=>{let{key:g,shiftKey:p}=v,w=h==="clip"?[Ze,100]:[0,1],b=kn[h][p?1:0]*(rt(g)??0),M={Home:w[0],End:w[1]}[g];if(Ne(v)||!b&&M===void 0)return;ae(v);let m=W(M??e.appearance[h]+b,w[0],w[1]);e.look(h,+m.toFixed(h==="clip"?1:2))});return{elements:[...a,r.threshold,r.clip],hold:h=>d??h,show(h,v){[s,i]=[h,v];let g=!!h&&h.most>0,{threshold:p,clip:w}=e.appearance;for(let[M,m]of["threshold","clip"].entries()){if(r[m].hidden=!g,a[M].hidden=!g||!(v.low<0&&v.high>0),!g)continue;let S=f(m);r[m].style.left=`${100*me(v,u()*S)}%`,a[M].style.left=`${100*me(v,-S)}%`,I(a[M],{_of:m})}I(r.threshold,{$valuenow:Math.round(100*p),$valuetext:`${Y(p,0)}, keeps ${Y(h?.kept??1,0)}`});let b=h?`, ${le(h.most)}`:"";I(r.clip,{$valuenow:w,$valuetext:`${Y(w/100)}${b}`})}}}}var Ye=80;function Jt(t,e,n,o){let r=c("canvas.ramp",{_canvas:"bar"}),a=he("","xw-spread",`0 0 ${Ye} 1`),s=Ie("path",{class:"xw-cut"});a.append(s);let i=c(".mark",{hidden:!0}),[d,l]=[c("span"),c("span")],u=b=>e.look("colormap",b),f=we(t,n,"Colormap","colormap","plain",u,()=>u("auto")),y=c(".ends",d,f.element,l),A=c(".rampbox",a,r,i),h=c(".colourbar",A,y),v=o?.(A);v&&A.append(...v.elements);let g=Ge(0,0,0);function p(b){let{colormap:M,threshold:m,sign:S}=e.appearance,k=b?.map.signed??e.method?.signed??!1,{name:$,diverging:F,title:_}=ke(M,k),R=b?.most??0,q=k&&S!=="positive"&&(F||S==="negative")?-1:0,ee=k&&S==="negative"?0:1,te=v&&b?Ht(b.map,S):0,x=Ge(q*R,ee*R,te);g=v&&b?v.hold(x):x;let C=L=>R>0?W(Se(g,L)/R,-1,1):q+(ee-q)*L;je(r,256,L=>Mn($,F,C(L/255),m));let E=b?Vt(g,b.map,S,Ye):[],T=L=>Math.abs(Se(g,(L+.5)/Ye))<m*R,D=L=>`M0 1${E.map((J,be)=>`V${L(be)?(1-J).toFixed(3):1}H${be+1}`).join("")}V1Z`;I(a.firstElementChild,{d:b?D(L=>!T(L)):""}),I(s,{d:b&&m?D(T):""});let U=x.tail>0;G(d,b?(U&&q?"≤ ":"")+le(x.low):""),G(l,b?(U&&ee?"≥ ":"")+le(x.high):""),v?.show(b,g);let P=e.shown?.range.map(le).join(" to ");I(h,{_low:x.low,_high:x.high}),I(y,{title:P?`Values: ${P}`:null});let H=ke("auto",k),z=_e.map(L=>{let J=L.diverging?"Two-sided":"One-sided";return{value:L.name,label:L.title,group:J,swatch:()=>zt(L.name)}}),j={value:"auto",label:"Automatic",group:"By sign"};z.unshift({...j,swatch:()=>zt(H.name)}),f.show(z,M,_)}function w(b){i.hidden=b===null||g.high<=g.low,i.style.left=`${100*W(me(g,b??0),0,1)}%`}return[h,p,w]}function Mn(t,e,n,o){let r=3*Je(n,e);return[...ve(t).subarray(r,r+3),Math.abs(n)<o?40:255]}function zt(t){let e=c("canvas.swatch"),n=ve(t);return je(e,64,o=>[...n.subarray(12*o+3,12*o+6),255]),e}var An=1e9;function Sn(t,e,n,o){let r=c("input.range",{type:"range",$label:e,_control:n});return N(t,r,"input",()=>o(+r.value)),{range:r,show(a,s,i,d,l=!1){I(r,{min:s,max:i,$valuetext:d,disabled:l}),r.value=String(a),r.style.setProperty("--xw-share",`${100*(a-s)/(i-s||1)}%`)}}}function Kn(t,e,n,o,r){let{least:a,most:s,step:i,initial:d,format:l,rest:u,spoken:f,factor:y=1,whole:A}=o,{range:h,show:v}=Sn(t,e,n,k=>m(k,!1));I(h,{step:i});let g=c("input.number",{inputmode:"decimal",autocomplete:"off",$label:`${e}, number`,_number:n}),p=d,w=null;function b(k,$=!1){p=k;let F=u?.()??l(k);w===null&&(g.value=F),g.disabled=$;let _=f?`${l(k)}. ${f()}`:F;v(k,a,s,u?`${l(k)}, ${F}`:_,$)}function M(){g.value=w=l(p)}function m(k,$){b(k),w!==null&&M(),r(k,$)}function S(){let k=pt(g.value);if(k===null||g.value===w)return;let $=W(k/y,a,s);m(A?Math.round($):$,!0)}N(t,h,"change",()=>m(+h.value,!0));for(let k of[h,g])N(t,k,"dblclick",()=>m(d,!0));return N(t,g,"focus",()=>{M(),g.select()}),N(t,g,"blur",()=>{S(),w=null,b(p)}),N(t,g,"keydown",k=>{if(k.key==="Enter")S();else if(k.key!=="Escape")return;M(),g.select()}),{range:h,field:g,show:b}}function Qe(t,e,n,o,r,a=""){let{range:s,field:i,show:d}=Kn(t,e,n,o,r),l=o.most-o.least>=An;return[Ce(e,a,l?c("span"):s,i),d]}var Xe={least:0,most:1,step:.01,factor:100,format:t=>Y(t,0)};function qt(t,e){let n={...Xe,initial:ue.opacity};return Qe(t,"Opacity","opacity",n,o=>e.look("opacity",o))}function Wt(t,e){let n=a=>Y(a/100),o={least:90,most:100,step:.1,initial:ue.clip,format:n};return Qe(t,"Clip","clip",o,a=>e.look("clip",a),"The percentile where colours end")}var En=["normal","multiply","screen","luminosity"],$n=[["both","±","For and against"],["positive","+","For the class"],["negative","−","Against the class"]];function Gt(t,e,n){let o=1,[r,a,s]=Jt(t,e,n,jt(t,e)),[i,d]=qt(t,e),l=()=>`keeps ${Y(o,0)}`,u={...Xe,initial:ue.threshold,rest:l},f=k=>e.look("threshold",k),y="Hides values below this share of the maximum",[A,h]=Qe(t,"Threshold","threshold",u,f,y),[v,g]=Wt(t,e),p=k=>e.look("blend",k),w=we(t,n,"Blend","blend","blend",p,()=>p(ue.blend)),[b,M]=se(t,"Sign","sign",$n,k=>e.look("sign",k)),m=Ce("Blend","",w.element,b),S=k=>{let $=e.appearance,F=$.arrangement==="side_by_side";o=k?.kept??1,d($.opacity,F),h($.threshold),g($.clip);let _=En.map(R=>({value:R,label:ze(R)}));w.show(_,$.blend,ze($.blend),"",F),M($.sign),b.hidden=!k?.map.signed,a(k)};return[dt("Appearance",i,A,v,m,r),S,s]}function Zt(t,e,n,o){let r={look:e.look,shown:void 0,get appearance(){return{...e.looks,arrangement:"overlay"}},get method(){return{signed:e.head?.signed??!1}}},[a,s]=Gt(t,r,n);return[a,()=>{a.hidden=!e.looks.maps||!e.table?.done,a.hidden||s(o())}]}var Yt=5e3,In=["correct","label","prediction","loss","probability","slice"],et=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function Nn(t,e){return[Xt(t),Xt(e)]}function Xt(t){let[e,n]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let o of t)o<e&&(e=o),o>n&&(n=o);return t.map(o=>.03+.94*(o-e)/(n-e||1))}function en(t,e,n,o){let r=c("canvas.cloud",{role:"img",_control:"similarity"}),a=c("canvas.cloud",{$hidden:"true"}),[s,i]=[c("p.facts"),c("p.legend2")],d=c(".hover2",{hidden:!0}),l=c(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},r,a,d),u="tsne",f="correct",[y,A]=se(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],x=>{u=x,e.read(u),te()}),h=we(t,n,"Colour by","colour","prefixed.colour",x=>{f=x,te()}),v=c("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");N(t,v,"click",()=>e.read("tsne",!0));let g=c(".similarity",c(".tools2",h.element,c("span.spring"),y),l,v,i,s),[p,w]=[new Float32Array,new Float32Array],b,M="",m=[],S=!1;function k(){let x=e.table,C=getComputedStyle(n),E=C.getPropertyValue("--xw-point")||"#4477aa",T=C.getPropertyValue("--xw-wrong-ink")||"#d9480f",D=C.getPropertyValue("--xw-faint")||"#bbb";if(f==="correct")return{of:P=>x.correct[P]?E:x.codes("label")[P]===ye?D:T,keys:[["right",E],["wrong",T]]};if(f==="slice"){let P=e.set(e.looks.slice)?.mask,H=e.set(e.looks.slice)?.title??"no slice is shown";return{of:z=>P?.[z]?T:E,keys:[[H,T],["the others",E]]}}let U=x.columns.get(f);if(U?.kind==="number"){let[P,H]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let j of U.data)j<P&&(P=j),j>H&&Number.isFinite(j)&&(H=j);let z=j=>`hsl(${(250-215*j).toFixed(0)} 75% ${(45+8*j).toFixed(0)}%)`;return{of:j=>{let L=(U.data[j]-P)/(H-P||1);return Number.isNaN(L)?D:z(Math.round(12*Math.min(1,Math.sqrt(L)))/12)},keys:[[`${f} ${+P.toPrecision(2)}`,z(0)],[String(+H.toPrecision(3)),z(1)]]}}if(U?.kind==="code"){let P=new Map;for(let L of U.data)L!==ye&&P.set(L,(P.get(L)??0)+1);let H=[...P].sort((L,J)=>J[1]-L[1]).slice(0,et.length-1).map(([L])=>L),z=new Map(H.map((L,J)=>[L,et[J]])),j=H.map((L,J)=>[U.values[L],et[J]]);return P.size>H.length&&j.push(["others",D]),{of:L=>z.get(U.data[L])??D,keys:j}}return{of:()=>E,keys:[]}}function $(){let{clientWidth:x,clientHeight:C}=l,{table:E,mask:T,rows:D}=e;if(!E||!x||!b)return;let U=n.dataset.xwTheme,P=[x,C,u,f,E.version,D.length,e.looks.slice,U,b.length].join();if(P===M&&F===D)return;F=D,M=P;let H=Math.min(devicePixelRatio||1,2);for(let O of[r,a])Object.assign(O,{width:x*H,height:C*H});let z=r.getContext("2d"),{of:j,keys:L}=k(),J=D.length<E.done,be=H*(E.done>2e4?1.2:E.done>3e3?1.8:2.8),K=new Map,Q=(O,V,B)=>{let X=K.get(O);X??=new Path2D,K.set(O,X);let[Z,ie]=[p[V]*r.width,w[V]*r.height];X.moveTo(Z+B,ie),X.arc(Z,ie,B,0,7)};for(let O=0;O<p.length;O++)Number.isNaN(p[O])||Q(`${T[O]?"1":"0"}${j(O)}`,O,T[O]?be:.8*be);for(let O of["0","1"]){z.globalAlpha=O==="0"?J?.14:.6:E.done>2e4?.6:.85;for(let[V,B]of K)V[0]===O&&(z.fillStyle=V.slice(1),z.fill(B))}z.globalAlpha=1,i.replaceChildren(...L.map(([O,V])=>{let B=c("i.dot");return B.style.background=V,c("span",B,O)})),_()}let F;function _(){let x=a.getContext("2d");x.clearRect(0,0,a.width,a.height);let C=e.looks.row??-1,E=a.width/(l.clientWidth||1);if(x.lineWidth=2*E,x.strokeStyle=getComputedStyle(n).color,C>=0&&!Number.isNaN(p[C]??Number.NaN)&&(x.beginPath(),x.arc(p[C]*a.width,w[C]*a.height,6*E,0,7),x.stroke()),!(m.length<4)){x.lineWidth=1.2*E,x.setLineDash([4*E,3*E]),x.beginPath();for(let T=0;T<m.length;T+=2)x.lineTo(m[T]*a.width,m[T+1]*a.height);x.closePath(),x.stroke(),x.setLineDash([])}}let R=({clientX:x,clientY:C})=>{let{left:E,top:T,width:D,height:U}=l.getBoundingClientRect();return[(x-E)/D,(C-T)/U]};function q(x,C){let[E,T]=[l.clientWidth,l.clientHeight],[D,U]=[-1,12**2],{mask:P}=e;for(let H=0;H<p.length;H++){let z=((p[H]-x)*E)**2+((w[H]-C)*T)**2;z<U&&P[H]&&([D,U]=[H,z])}return D}N(t,l,"pointerdown",x=>{x.button||(S=!0,m=R(x),l.setPointerCapture(x.pointerId))}),N(t,l,"pointermove",x=>{if(S){m.push(...R(x)),_();return}let C=q(...R(x));if(d.hidden=C<0,C<0)return;let{table:E}=e,T=E.word("label",C),D=E.word("prediction",C);G(d,T&&T!==D?`${D}, labelled ${T}`:D),d.style.cssText=`left:${100*p[C]}%;top:${100*w[C]}%`,I(d,{_late:p[C]>.6})}),N(t,l,"pointerleave",()=>{d.hidden=!0}),N(t,l,"pointerup pointercancel",x=>{if(!S)return;S=!1;let C=m;if(m=[],C.length<12){let E=q(...R(x));E>=0&&o.choose(E)}else{let E=Ct(p,w,e.mask,C);E.length&&o.lasso(E),o.speak(`${E.length} pictures within the lasso`)}_(),ae(x)}),N(t,l,"keydown",x=>{let[C,E]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[x.key]??[0,0];if(!C&&!E)return;let T=e.looks.row??e.rows[0]??-1,[D,U]=[-1,Number.POSITIVE_INFINITY];for(let P=0;P<p.length;P++){let[H,z]=[p[P]-p[T],w[P]-w[T]],j=H*C+z*E,L=Math.abs(H*E)+Math.abs(z*C);P===T||!e.mask[P]||j<=0||L>j||j+2*L<U&&([D,U]=[P,j+2*L])}D>=0&&o.choose(D),ae(x)});let ee=new ResizeObserver($);ee.observe(l),ce(t,()=>ee.disconnect());function te(){let{table:x,frozen:C,head:E}=e;if(!x||e.looks.view!=="similarity")return;let T=x.done+x.failed===x.count;T&&e.read(x.count<=Yt?"tsne":"pca");let D=["tsne","pca"].filter(J=>e.points(J));D.length&&!D.includes(u)&&(u=D[0]);let U=e.points(u);A(u,C?"not in this saved page":null),U&&U[0]!==b&&(b=U[0],[p,w]=Nn(...U));let P=(E?.metadata??[]).filter(J=>x.columns.get(J)?.kind!=="text"),H=[...In,...P].map(J=>({value:J,label:J==="correct"?"right or wrong":J}));h.show(H,f,H.find(({value:J})=>J===f)?.label??f);let z=e.busy("tsne")||e.busy("pca");v.hidden=C||!T||x.count<=Yt||e.known("tsne")||!!e.points("tsne"),v.disabled=e.busy("tsne"),l.hidden=!U;let j=T?"":"Similarity is worked out when all pictures are explained.";re(s,z?"Placing the pictures …":e.words(u)||(U?"Draw around points to keep them. What lies far apart says little.":j)),I(r,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),$(),b&&_()}return[g,te]}var tn=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-right > .xw-section {
    padding: 0 14px 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-groups,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-least: 20px;
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 740px) / var(--xw-n) - 2px), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-matrix[data-xw-many] {
    --xw-least: 5px;
    & .xw-cell {
      height: max(12px, calc(var(--xw-cell) * 0.72));
    }
    & .xw-turned {
      height: 14px;
    }
  }
  .xw-pairs {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
    gap: 0 18px;
    margin-bottom: 8px;
    & .xw-set {
      align-items: center;
    }
    & .xw-title {
      white-space: normal;
      overflow-wrap: anywhere;
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  .xw-meanmap {
    display: none;
  }
  .xw-confusion[data-xw-maps] .xw-meanmap[data-xw-there] {
    display: block;
    flex: none;
    width: 30px;
    height: 30px;
    border-radius: 3px;
  }
  .xw-confusion[data-xw-maps] .xw-cell .xw-meanmap {
    width: 100%;
    height: 100%;
  }
  .xw-confusion[data-xw-maps] .xw-matrix:not([data-xw-many]) .xw-cell {
    height: var(--xw-cell);
    padding: 0;
    overflow: hidden;
    font-size: 0;
  }
  .xw-confusion:not([data-xw-maps]) .xw-less {
    display: none;
  }
  .xw-matrix .xw-less {
    padding-left: 10px;
  }

  /* Groups of maps. */
  .xw-groupcards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr));
    gap: 10px;
    margin: 10px 0;
  }
  .xw-groupcard {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    padding: 10px;
    border: 1px solid var(--xw-line);
    border-radius: 8px;
    text-align: left;
    &:hover {
      background: var(--xw-soft);
    }
    &[aria-pressed="true"] {
      border-color: var(--xw-brand);
      background: var(--xw-tint);
    }
    & > .xw-meanmap {
      display: block;
      flex: none;
      width: 96px;
      height: 96px;
      border-radius: 5px;
      background: var(--xw-soft);
    }
    & .xw-about2 {
      display: flex;
      flex: 1;
      flex-direction: column;
      gap: 2px;
      min-width: 0;
      font-size: 12px;
    }
    & .xw-near {
      margin-top: 4px;
    }
    & .xw-near canvas {
      width: 100%;
      aspect-ratio: 1;
      border-radius: 4px;
      background: var(--xw-soft);
    }
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 430px) / var(--xw-n) - 2px), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 190px) / var(--xw-n) - 2px), 40px);
  }
}
`;function Ln(t,e,n){let{signal:o,root:r,model:a,speak:s}=t,i=new CSSStyleSheet;i.replaceSync(tn);let d=r.getRootNode();d.adoptedStyleSheets=[...d.adoptedStyleSheets,i],ce(o,()=>{d.adoptedStyleSheets=d.adoptedStyleSheets.filter(f=>f!==i)});let l=Et(o,e,n),u=Ut(o,e,n);return{chosen:l,groups:u,save:bt(o,r,e,s,()=>[null,["study",e.head?.name]],!0),looks:Zt(o,e,r,l.painted),confusion:Ot(o,e,n),similarity:en(o,e,r,{lasso:f=>e.where("rows",f),choose:n.choose,speak:s}),viewer:Qt(o,a,n),arrived(){l.paint(),u[1]()}}}export{Ln as default};
