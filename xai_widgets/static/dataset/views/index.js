var Ie=()=>performance.now(),ue=(t,e)=>t.addEventListener("abort",e),de={colormap:"auto",opacity:.7,clip:99.5,threshold:0,sign:"both",blend:"normal",arrangement:"overlay",interpolation:"smooth"};function Y(t,e,o){return Math.max(e,Math.min(o,t))}var ln={ArrowUp:[-1,0],ArrowDown:[1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]};function rt(t){let e=ln[t];return e&&e[1]-e[0]}function pe(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}var it={};function at(t,e,o,n){let r=e?t:0,i=`${r} ${t} ${n}`;return it[i]??=Float64Array.from({length:r+t+1},(a,l)=>{let u=(l-r)/t;return Math.sign(u)*Math.abs(u)**n}),new Float32Array(it[i].map(a=>a*o))}var Ve=8191;function ut(t,e,o,n="smooth"){let{signed:r,gamma:i}=t,[a,l]=t.shape,u=t.peak||0,s=pe(t.data),d=at(r?127:255,r,u,i),m=st(s,d),g={width:e,height:o,signed:r,nativeValues:d,nativeCounts:m};if(l===e&&a===o)return{...g,index:s,values:d,counts:m};let M=Float32Array.from(s,x=>d[x]),f=at(Ve,r,u,2),y=r?Ve:0,A=cn(M,a,l,o,e,n),b=new Uint16Array(A.length);for(let x=0;x<A.length;x++){let p=A[x]/(u||1);b[x]=y+Math.round(Math.sign(p)*Math.sqrt(Math.abs(p))*Ve)}return{...g,index:b,values:f,counts:st(b,f)}}function st(t,e){let o=new Uint32Array(e.length);for(let n=0;n<t.length;n++)o[t[n]]++;return o}function cn(t,e,o,n,r,i){if(i==="cells"){let u=new Float32Array(n*r);for(let s=0;s<u.length;s++){let[d,m]=[Math.floor(s/r)+.5,s%r+.5];u[s]=t[Math.floor(d*(e/n))*o+Math.floor(m*(o/r))]}return u}let a=n>e?lt:ct;return(r>o?lt:ct)(a(t,o,e,n,o),n,o,r,1)}function lt(t,e,o,n,r){let i=new Float32Array(e*n),a=r===1,[l,u]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let s of t)l=Math.min(l,s),u=Math.max(u,s);for(let s=0;s<n;s++){let d=Y((s+.5)*(o/n)-.5,0,o-1),m=Math.floor(d),g=d-m,[M,f,y,A]=[-1,0,1,2].map(k=>Y(m+k,0,o-1)*r),b=((2-g)*g-1)*g/2,x=((3*g-5)*g*g+2)/2,p=((4-3*g)*g+1)*g/2,w=(g-1)*g*g/2;for(let k=0;k<e;k++){let S=a?k*o:k,h=b*t[S+M]+x*t[S+f]+p*t[S+y]+w*t[S+A];i[a?k*n+s:s*r+k]=Math.max(l,Math.min(u,h))}}return i}function ct(t,e,o,n,r){let i=new Float32Array(e*n),a=r===1;for(let l=0;l<n;l++){let u=Math.max(0,(l+.5)*o/n-.5),s=Math.min(Math.floor(u),o-1),d=Math.min(s+1,o-1),m=u-s;for(let g=0;g<e;g++){let M=a?g*o:g,f=t[M+s*r],y=t[M+d*r];i[a?g*n+l:l*r+g]=(1-m)*f+m*y}}return i}function c(t,...e){let[o,...n]=t.split("."),r=document.createElement(o||"div");o==="button"&&L(r,{type:"button"}),r.className=n.map(i=>`xw-${i}`).join(" ");for(let i of e)typeof i=="string"||i instanceof Node?r.append(i):L(r,i);return r}function L(t,e){for(let[o,n]of Object.entries(e)){let r=o.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(r):t.setAttribute(r,n===!0?"":`${n}`)}}function Z(t,e){t.textContent!==e&&(t.textContent=e)}function re(t,e){t.hidden=!e,Z(t,e)}function I(t,e,o,n){for(let r of o.split(" "))e.addEventListener(r,n,{signal:t,passive:!1})}var ie=t=>t.preventDefault(),we=({ctrlKey:t,metaKey:e,altKey:o})=>t||e||o;function Ne(t,e,...o){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return L(n,e),n.append(...o),n}function be(t,e="",o="0 0 16 16"){return Ne("svg",{class:e,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},Ne("path",{d:t}))}function dt(t,e,o,n,r,i={}){let a={_control:e,title:o,$label:o,...i},l=c("button.tool",a,be(n));return I(t,l,"click",r),l}var pt=(t,...e)=>c("section.section",c("h3",t),...e),Le=(t,e,...o)=>c(".row",{title:e||null},c("span.name",t),...o);function un(t){let e=new AbortController;return ue(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function me(t,e,o){let n=[...e.children],r=un(t),i,a=[];return(l,u=l)=>{if(u===i)return a;i=u;let s=r(),d=l.map((m,g)=>o(m,g,s));return a=d.map(([,m])=>m),e.replaceChildren(...n,...d.flatMap(([m])=>m)),a}}function je(t,e,o){t.width=e,t.height=1;let n=new ImageData(e,1);for(let r=0;r<e;r++)n.data.set(o(r),4*r);t.getContext("2d")?.putImageData(n,0,0)}var Te=()=>`xw-${Math.random().toString(36).slice(2)}`;function ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),o=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+o.replaceAll("-","−")}function ee(t,e=1){let o=10**-e;return t>0&&200*t<o?`<${o} %`:`${(100*t).toFixed(e)} %`}var mt=t=>`${t.toLocaleString("en")} picture${t===1?"":"s"}`,ze=t=>t.charAt(0).toUpperCase()+t.slice(1);function ft(t){let e=/-?\d*\.?\d+(e[-+]?\d+)?/i.exec(t.replace("−","-").replace(",","."));return e&&Number(e[0])}var ht=380;function Ce(t,e,o,n,r,i=o){let a=Te(),l=c(".popup",{role:"listbox",id:a,$label:n,hidden:!0}),u=[],s=[],d=-1;e.append(l),ue(t,()=>l.remove()),L(o,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:a}),I(t,l,"pointerdown mousedown",ie),I(t,o,"blur",m);function m(){l.hidden||(l.hidden=!0,L(o,{$expanded:"false",$activedescendant:null}))}function g(b){!b||b.reason||(m(),r(b.value))}function M(b){u[d]?.removeAttribute("data-xw-active"),d=b;let x=u[b];if(L(o,{$activedescendant:x?.id}),!x)return;L(x,{_active:!0});let{offsetTop:p,offsetHeight:w}=x;l.scrollTop=Y(l.scrollTop,p+w-l.clientHeight+4,Math.max(0,p-28))}function f(b,x){for(let p=b;s[p];p+=x)if(!s[p]?.reason){M(p);break}}function y(b,x,p){let{value:w,reason:k,note:S,title:h,swatch:K}=b,C=c("label.option",{id:`${a}-${x}`,role:"option",$selected:String(w===p),$disabled:k?"true":null,_value:w,title:h});return K&&C.append(K()),C.append(c("span.label",b.label),c("span.note",k??S??"")),I(t,C,"click",()=>g(b)),C}function A(){let b=l.offsetParent.getBoundingClientRect(),x=i.getBoundingClientRect(),p=b.bottom-x.bottom-12,w=x.top-b.top-12,k=p<Math.min(l.scrollHeight+2,ht)&&w>p,S=b.width-16,h=Math.min(x.left-b.left-1,S+8-l.offsetWidth);l.style.cssText=`min-width:${Math.min(x.width,S)}px;left:${Math.max(8,h)}px;max-height:${Y(k?w:p,120,ht)}px;${k?`bottom:${b.bottom-x.top+3}`:`top:${x.bottom-b.top+3}`}px`}return{isOpen:()=>!l.hidden,close:m,walk:f,open(b,x){s=b,d=-1,u=s.map((S,h)=>y(S,h,x)),l.replaceChildren();let p,w=l;s.forEach((S,h)=>{S.group&&S.group!==p&&(p=S.group,w=c("",{role:"group",$label:p},c(".group",p)),l.append(w)),w.append(u[h])}),l.hidden=!1,L(o,{$expanded:"true"}),A();let k=s.findIndex(({value:S})=>S===x);k<0?f(0,1):M(k)},find(b){let x=s.length,p=Math.max(0,b.length>1?d:d+1);for(let w=0;w<x;w++){let{label:k,reason:S}=s[(p+w)%x];if(!(S||!k.toLowerCase().startsWith(b))){M((p+w)%x);break}}},key(b){let{key:x}=b;if(x==="ArrowDown")f(d+1,1);else if(x==="ArrowUp")f(d-1,-1);else if(x==="Enter")g(s[d]);else if(x==="Escape")m(),b.stopPropagation();else return!1;return ie(b),!0}}}var bt="not in this saved page",dn=700;function xe(t,e,o,n,r,i,a){let[l,u]=[c("span.label"),c("span.note")],s=be("M4 6.5l4 4 4-4"),d=c(`button.field.picker.${r}`,{_control:n},l,u,s),m=Ce(t,e,d,o,i),g=[],M=[],f="",y="",A=0,b=()=>{d.focus(),M=typeof g=="function"?g():g,m.open(M,f)};return I(t,d,"click",()=>m.isOpen()?m.close():b()),a&&I(t,d,"dblclick",a),I(t,d,"keydown",x=>{let{key:p,timeStamp:w}=x,k=/^[^ ?]$/.test(p)&&!we(x);if(m.isOpen()){if(m.key(x))return;if(p==="Home")m.walk(0,1);else if(p==="End")m.walk(M.length-1,-1);else if(!k)return}else if(k||p==="ArrowDown"||p==="ArrowUp")b();else return;ie(x),k&&(y=w-A>dn?p:y+p,A=w,m.find(y.toLowerCase()))}),{element:d,show(x,p,w,k="",S=!1){g=x,f=p,Z(l,w),L(l,{title:w}),Z(u,k),L(u,{title:k||null}),L(d,{disabled:S,$label:`${o}: ${w}${k&&`, ${k}`}`})}}}var gt="M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",pn="M3 8.5l3.2 3.2L13 5",mn={figure:"Figure",picture:"Picture"},fn=2e4;function wt(t,e,o,n,r,i=!1){let a;o.on("msg:custom",(f,y=[])=>{f.kind==="figure"&&a?.(new Blob([pe(y[0])],{type:"image/png"}))});let l=be(gt),u=dt(t,"save","Save or copy as PNG","",d);u.replaceChildren(l),u.hidden=i&&o.frozen;let s=Ce(t,e,u,"Save or copy",f=>{m(f)});I(t,u,"keydown",f=>{s.isOpen()&&s.key(f)});function d(){if(s.isOpen()){s.close();return}u.focus();let f=r()?null:"nothing is shown yet",y=o.state()==="gone"&&"the kernel is gone",A=o.frozen&&bt||y||null,b=navigator.clipboard&&window.ClipboardItem?null:"needs https or localhost",p=(i?["figure"]:["figure","picture"]).flatMap(w=>{let[k,S]=[mn[w],w==="figure"?A:f];return[{value:`save ${w}`,label:"Save as PNG",group:k,reason:S},{value:`copy ${w}`,label:"Copy",group:k,reason:S??b}]});s.open(p,"")}async function m(f){let[y,A]=f.split(" "),b=r(),x=[...b?.[1]??[],A==="figure"&&"figure"],p=A==="figure"?g():bn(b[0]);try{if(y==="copy")await navigator.clipboard.write([new ClipboardItem({"image/png":p})]);else{let w=URL.createObjectURL(await p);c("a",{href:w,download:`${hn(x)}.png`}).click(),setTimeout(()=>URL.revokeObjectURL(w),6e4)}M(y==="copy"?"Copied.":"Saved.")}catch(w){n(`It could not be ${y==="copy"?"copied":"saved"}: ${w}`),L(u,{title:`${w}`})}}function g(){o.save();let f=new Promise((y,A)=>{a=y,setTimeout(()=>A(new Error("no answer from the kernel")),fn)});return o.send({kind:"figure"}),f}function M(f){n(f);let[y]=l.children;L(y,{d:pn}),L(u,{title:f}),setTimeout(()=>{L(y,{d:gt}),L(u,{title:"Save or copy as PNG"})},1600)}return u}var hn=t=>t.filter(Boolean).join("_").replace(/[^\p{L}\p{N}]+/gu,"_")||"picture",bn=t=>new Promise((e,o)=>{t.toBlob(n=>n?e(n):o(new Error("the picture is empty")))});var xt=t=>t!=="rest"&&t!=="stopped";function se(t,e,o,n,r){let i=Te(),a=n.map(([d,,m])=>c("input",{type:"radio",name:i,value:d,$label:m})),l=n.map(([,d],m)=>c("label.segment",{_text:d},a[m],d)),u=c(".segments",{role:"radiogroup",$label:e,_control:o});return u.append(...l),I(t,u,"change",({target:d})=>r(d.value)),I(t,u,"dblclick",()=>r(n[0][0])),[u,(d,m=null)=>{for(let[g,[M,,f]]of n.entries())L(l[g],{title:m??f}),L(a[g],{disabled:!!m}),a[g].checked=M===d}]}var Pe=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var _e=Pe.map(([t,e,o])=>({name:t,title:e,diverging:!!o})),yt=new Map;function ke(t){let e=yt.get(t);if(e)return e;let[,,o,n,r]=Pe.find(([a])=>a===t)??Pe[0],i=gn(n,r,o);return yt.set(t,i),i}function gn(t,e,o){let n=new Uint8Array(768),r=Array.from({length:768},(i,a)=>{let l=t.charCodeAt(12+(a>>2))||75;return Math.floor((l-35)/3**(a&3))%3-1});for(let i=0;i<e.length;i+=2)r[e[i]]+=e[i+1];for(let i=0;i<3;i++){let a=+`0x${t.slice(4*i,4*i+2)}`,l=+`0x${t.slice(4*i+2,4*i+4)}`-128;for(let u=o;u<256;u++)n[3*u+i]=a,a+=l,l+=r[256*i+u-o]}return o&&n.copyWithin(0,3,6),n}function Me(t,e){let o=t==="auto"?e?"coolwarm":"inferno":t;return _e.find(n=>n.name===o)??_e[0]}var wn=.5;function Ae(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function Oe(t,e,o){return kt(t,e,o,!0)}function vt(t,e,o){let n=kt(t,wn,o,!1);return n<e?n:0}function kt({nativeValues:t,nativeCounts:e},o,n,r){let i=Array.from(t,(g,M)=>[Math.abs(Ae(g,n)),e[M]]).sort(([g],[M])=>g-M),a=e.reduce((g,M)=>g+M),l=g=>{let M=g;for(let[f,y]of i)if(M-=y,M<0)return f;return 0},u=(a-1)*o/100,s=Math.floor(u),d=l(s);return d+(u-s)*(l(Math.min(s+1,a-1))-d)||(r?l(a-1):0)}function Mt(t,e,o){return e<=0?0:Y(Ae(t,o)/e,-1,1)}function At(t,e,o,n){let r=0;for(let i=0;i<t.values.length;i++)Math.abs(Mt(t.values[i],e,n))>=o&&(r+=t.counts[i]);return r/t.index.length}function Je(t,e){let o=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*o+.5):Math.floor(255*o+.5)}function xn(t){return t*t*(3-2*t)}function St(t,e){let{most:o,foot:n=0,threshold:r,sign:i,lut:a,diverging:l,opaque:u}=e,s=o>0?n/o:0,d=new Uint8ClampedArray(4*t.length);for(let m=0;m<t.length;m++){let g=Mt(t[m],o,i);Math.abs(g)<r&&(g=0);let M=3*Je(g,l);d[4*m]=a[M],d[4*m+1]=a[M+1],d[4*m+2]=a[M+2],d[4*m+3]=u?255:Math.floor(255*xn(Y((Math.abs(g)-s)/(1-s),0,1))+.5)}return new Uint32Array(d.buffer)}function Kt(t,e,o){for(let n=0;n<t.length;n++)t[n]=o[e[n]]}var Be;function Se(t,e,o,n){let{width:r,height:i}=t,a=t.getContext("2d");if(!a)return;let l=Math.min(r/e.width,i/e.height),[u,s]=[Math.round(e.width*l),Math.round(e.height*l)],[d,m]=[r-u>>1,i-s>>1];if(a.globalAlpha=1,a.globalCompositeOperation="source-over",a.clearRect(0,0,r,i),a.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,a.drawImage(e,d,m,u,s),!o?.peak||!u||!s)return;Be??=new OffscreenCanvas(1,1),Object.assign(Be,{width:u,height:s});let{opacity:g,blend:M}=n,[f,y]=Et(o,u,s,n,!1);return Be.getContext("2d").putImageData(f,0,0),a.globalAlpha=g,a.globalCompositeOperation=M==="normal"?"source-over":M,a.drawImage(Be,d,m),a.globalAlpha=1,a.globalCompositeOperation="source-over",y}function Re(t,e,o){let{width:n,height:r}=t;e.shape[0]&&t.getContext("2d")?.putImageData(Et(e,n,r,o,!0)[0],0,0)}function Et(t,e,o,n,r){let i=Ie(),a=new ImageData(e,o),l=ut(t,e,o,n.interpolation),{clip:u,sign:s,threshold:d}=n,{name:m,diverging:g}=Me(n.colormap,t.signed),M=Oe(l,u,s),f=vt(l,M,s),y={most:M,foot:f,threshold:d,sign:s,lut:ke(m),diverging:g,opaque:r};Kt(new Uint32Array(a.data.buffer),l.index,St(l.values,y));let A=At(l,M,d,s);return[a,{map:l,most:M,kept:A,colormap:m,milliseconds:Ie()-i}]}var $t=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],yn=288;function It(t,e,o){let n=c("canvas.photo",{role:"img"}),r=c(".placebox",{hidden:!0}),i=c(".photobox",n,r),[a,l]=[c("p.facts.key"),c("p.facts")],u=c(".bars"),s=c(".near"),d=c("section.part",c("h3","Looks most like"),s),m=c(".verdicts"),g=c("button.link",{_control:"undo"},"Undo"),M=c("span"),f=c("section.part",c("h3.split","What is it?",M),m,g),y=$t.map(([E,U])=>c("button.wide",{_control:`open-${E}`},U)),A=c("button.wide",{_control:"cover"}),b=c("p.tried"),x=c("section.part.test",c("p",c("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),A,b),p=c("section.part",...y),w=c("p.nothing","Choose a picture: click one, or walk with the arrow keys."),k="prediction",S,h,K=-1,C,P=[1,1],[_,V]=se(t,"Map for","map-of",[["prediction","answer"],["label","label"]],E=>{k=E,B()}),j=c(".chosen",i,_,a,l,u,d,f,x,p),q=c(".one",w,j);I(t,g,"click",e.undo),y.forEach((E,U)=>{I(t,E,"click",()=>o.open($t[U][0]))}),I(t,A,"click",()=>{h&&e.cover([...e.rows],h)});let v,N=({clientX:E,clientY:U})=>{let{left:F,top:z,width:Q,height:te}=n.getBoundingClientRect(),X=ae=>Math.max(0,Math.min(1,ae));return[X((E-F)/Q),X((U-z)/te)]};I(t,n,"pointerdown",E=>{e.frozen||!e.head?.able||(v=N(E),n.setPointerCapture(E.pointerId),ie(E))}),I(t,n,"pointermove",E=>{if(!v)return;let U=N(E),[F,z]=[Math.min(v[0],U[0]),Math.min(v[1],U[1])];h=[F,z,Math.abs(U[0]-v[0]),Math.abs(U[1]-v[1])],$()}),I(t,n,"pointerup pointercancel",()=>{v=void 0,h&&h[2]*h[3]<2e-4&&(h=void 0),$()});function $(){let E=h??e.set(e.looks.slice)?.box??void 0;if(r.hidden=!E,E){let[F,z,Q,te]=E.map(X=>`${100*X}%`);r.style.cssText=`left:${F};top:${z};width:${Q};height:${te}`}h??=E?[...E]:void 0;let U=e.rows.length;Z(A,h?`Cover it in these ${U.toLocaleString("en")} pictures`:"Draw a box on the picture"),A.disabled=!h||!!e.experiment?.busy||!U}let O=me(t,m,(E,U,F)=>{let z=c("button.verdict",{$pressed:"false"},c("span.keycap",String(U+1)),E);return I(F,z,"click",()=>o.decide(E)),[z,()=>L(z,{$pressed:String(e.table?.word("verdict",K)===E)})]}),T=me(t,u,([E,U,F])=>{let z=c("span.class",E,F&&c("span.note",` ${F}`));return z.style.backgroundSize=`${100*U}% 100%`,[c(".bar",{_kind:F},z,c("span.chance",ee(U))),()=>{}]}),H=me(t,s,(E,U,F)=>{let z=c("canvas",{$hidden:"true"}),Q=c("button.mini",z);I(F,Q,"click",()=>o.choose(E));let te=!1;return[Q,()=>{let{table:X}=e,ae=X?.word("prediction",E)??"",oe=X?.word("label",E)??"",he=oe&&oe!==ae?`${ae}, labelled ${oe}`:ae;L(Q,{title:he,$label:he,_wrong:!!(oe&&oe!==ae)});let Ee=e.pictures.bitmap(E);!Ee||te||(te=!0,Object.assign(z,{width:112,height:112}),Se(z,Ee,void 0,e.looks))}]});async function D(E,U){try{let F=await createImageBitmap(new Blob([pe(U.data)],{type:U.mime}));C?.bitmap.close(),C={row:E,picture:U,bitmap:F},E===K&&R()}catch(F){console.warn(F)}}function R(){let E=C?.row===K?C.bitmap:e.pictures.bitmap(K);if(!E)return;let U=Math.min(devicePixelRatio||1,2),F=yn*U/Math.max(E.width,E.height),z=[Math.round(E.width*F),Math.round(E.height*F)];(n.width!==z[0]||n.height!==z[1])&&Object.assign(n,{width:z[0],height:z[1]}),P=z,i.style.setProperty("--xw-aspect",String(P[0]/P[1])),S=Se(n,E,e.looks.maps?J():void 0,e.looks),L(n,{_sharp:C?.row===K,_row:K})}function J(){if(k==="prediction"||G())return e.pictures.sprite(K)?.map;let E=e.labelMap(K);return typeof E=="string"?void 0:E}let G=()=>{let{table:E}=e,U=E?.word("label",K);return!U||U===E?.word("prediction",K)};function B(){let{table:E,frozen:U,head:F,looks:z}=e,Q=z.row??-1,te=!!(E&&Q>=0&&Q<E.count);if(w.hidden=te,j.hidden=!te,!E||!te)return;Q!==K&&(K=Q,h=void 0,e.lookAt(Q));let X=e.detail(Q);X?.picture&&C?.picture!==X.picture&&D(Q,X.picture);let[ae,oe]=[E.word("prediction",Q),E.word("label",Q)],he=E.number("probability",Q);_.hidden=G()||U&&e.labelMap(Q)===void 0,k==="label"&&!_.hidden&&e.askLabelMap(Q),V(k),R(),$(),Z(a,[E.word("key",Q),`row ${Q.toLocaleString("en")}`,...W(Q)].filter(Boolean).join(" · "));let Ee=k==="label"&&typeof e.labelMap(Q)=="string"?String(e.labelMap(Q)):"";re(l,[X?.words,Ee].filter(Boolean).join(" "));let ge=!!E.correct[Q],ve=(X?.top??[]).map(({name:ne,probability:ot,index:sn})=>[ne,ot,rn(ne,sn)]),Qe=Math.exp(-E.number("loss",Q)),He=[];ae&&!Number.isNaN(he)&&He.push([ae,he,ge?"right":oe?"wrong":""]),oe&&!ge&&!Number.isNaN(Qe)&&He.push([oe,Qe,"label"]),ve.length&&oe&&!ge&&!ve.some(([ne])=>ne===oe)&&ve.push([oe,Qe,"label"]);function rn(ne,ot){return ne===oe?ge?"right":"label":ne===ae&&oe&&!ge?"wrong":""}let tt=ve.length?ve:He;for(let ne of T(tt,JSON.stringify(tt)))ne();let $e=e.nearest(Q);d.hidden=!$e.length,e.wantAlso($e,"chosen");for(let ne of H($e,$e.join()))ne();let nt=o.subjects();Z(M,nt.length>1?`${nt.length.toLocaleString("en")} chosen`:""),f.hidden=U&&!E.word("verdict",Q),g.hidden=U;for(let ne of O(e.verdict_words))ne();for(let ne of m.querySelectorAll("button"))ne.disabled=U;x.hidden=p.hidden=U||!F?.able;let{experiment:De}=e;L(b,{_survives:De?.survives}),re(b,De?.busy?"Covering …":De?.words??"");let an=xt(e.state())&&["gone","silent"].includes(e.state());for(let ne of y)ne.disabled=an;L(n,{$label:`${E.word("key",Q)}: ${ae} ${Number.isNaN(he)?"":ee(he)}${oe&&!ge?`, labelled ${oe}`:""}`})}function W(E){let{table:U,head:F}=e,z=(F?.metadata??[]).slice(0,6).map(te=>{let X=U.word(te,E);return X&&`${te} ${X}`}),Q=U.number("loss",E);return[...z,Number.isNaN(Q)?"":`loss ${ce(Q).replace("+","")}`]}return{part:[q,B],painted:()=>K>=0?S:void 0,paint:()=>{R();for(let E of H(e.nearest(K),e.nearest(K).join()))E()}}}var ye=65535;function Nt(t,e){if(!e)return[0,1];let o=1.959964,n=t/e,r=(n+o*o/(2*e))/(1+o*o/e),i=o/(1+o*o/e)*Math.sqrt(n*(1-n)/e+o*o/(4*e*e));return[Math.max(0,r-i),Math.min(1,r+i)]}function Lt(t,e){let[o,n]=[t.codes("label"),t.codes("prediction")],r=new Map,i=t.classes.length;for(let a=0;a<t.count;a++){if(e&&!e[a]||o[a]===ye||n[a]===ye)continue;let l=o[a]*i+n[a];r.set(l,(r.get(l)??0)+1)}return r}function Tt(t,e){let o=new Map;for(let[n,r]of t){let i=Math.floor(n/e);o.set(i,(o.get(i)??0)+r)}return[...t].map(([n,r])=>{let i=Math.floor(n/e);return{label:i,prediction:n%e,count:r,share:r/o.get(i)}}).filter(({label:n,prediction:r})=>n!==r).sort((n,r)=>r.count-n.count||r.share-n.share||n.label-r.label)}function Ct(t,e,o,n){let r=[],i=n.length/2;for(let a=0;a<t.length;a++){if(!o[a]||Number.isNaN(t[a]))continue;let[l,u]=[t[a],e[a]],s=!1;for(let d=0,m=i-1;d<i;m=d++){let[g,M]=[n[2*d],n[2*d+1]],[f,y]=[n[2*m],n[2*m+1]];M>u!=y>u&&l<(f-g)*(u-M)/(y-M)+g&&(s=!s)}s&&r.push(a)}return r}function qe({shapes:t,peaks:e,signed:o,data:n},r){let i=pe(n).slice(),a=0;return e.map((l,u)=>{let s=[t[2*u],t[2*u+1]],d=o[u],m=[d?-l:0,l],g=i.subarray(a,a+s[0]*s[1]);return a+=g.length,{shape:s,signed:d,peak:l,gamma:r,range:m,data:g,state:l?"ok":"zero",message:""}})}var Pt=64;function _t(t){let e=[],o,n=new Map,r="",i=(u,s,d)=>`${u} ${s} ${d}`,a=()=>t.means?.labels.length&&["auto","coolwarm"].includes(t.looks.colormap)?"Right − wrong: red where right answers have more evidence, blue where wrong ones have.":"";function l(u){o=u,r="";let s=qe(u.maps,u.gamma),d=qe(u.differences,u.gamma);n=new Map([...u.cells.map(([m,g],M)=>[i("cell",m,g),s[M]]),...u.labels.map((m,g)=>[i("difference",m,m),d[g]])])}return{shown:!1,canvas(u,s,d,m){let M=c("canvas.meanmap",m?{title:m,role:"img",$label:m}:{$hidden:"true"});return e.push([i(u,s,d),M]),M},forget(){e=[],r=""},closed:()=>t.frozen&&!t.means?"not in this saved page":null,words(){return this.shown?t.busy("means")?"Adding up maps …":t.words("means")||[t.means?.words,a()].filter(Boolean).join(" "):""},paint(){let{table:u,means:s,looks:d}=t;if(!this.shown||!u?.done)return;u.done+u.failed===u.count&&t.askMeans(),s&&s!==o&&l(s);let m=JSON.stringify({...d,chosen:0,row:0,filter:0});if(!(!s||m===r)){r=m;for(let[g,M]of e){let f=n.get(g);Object.assign(M,f?{width:Pt,height:Pt}:{width:0,height:0}),L(M,{_there:!!f}),f&&Re(M,f,d)}}}}}var Ue=25,Ge=12,Ot=200;function Bt(t,e,o){let n=e.length,r=Math.min(o,n),i=[],a=0;for(let s=0;s<r;s++){let d=Math.floor(n/r)+ +(s<n%r);i.push(e.slice(a,a+d)),a+=d}let l=new Map(i.flatMap((s,d)=>s.map(m=>[m,d]))),u=i.map(()=>new Array(r).fill(0));for(let[s,d]of t)u[l.get(Math.floor(s/n))][l.get(s%n)]+=d;return{counts:u,bundles:i}}function Rt(t,e,o){let n=c("table.matrix",{_control:"confusion"}),r=c(".pairs"),[i,a,l]=[c("p.facts"),c("p.facts"),c("p.facts")],u=c(".matrixbox",n),s=_t(e),[d,m]=se(t,"Cells show","cells",[["counts","counts"],["maps","mean maps"]],h=>{s.shown=h==="maps",p()}),g=c(".tools2",d),M=c("button.link",{_control:"more-confusions"}),f=c("h3","Taken for another"),y=c(".confusion",g,i,l,u,f,r,M,a),A="",b=!1;I(t,M,"click",()=>{b=!b,p()});let x=me(t,r,({label:h,prediction:K,count:C,share:P},_,V)=>{let{classes:j}=e.table,q=`${j[h]} → ${j[K]}`,v=c("button.set.pair",c("span.title",{title:q},q));return v.append(s.canvas("cell",h,K,`mean map of ${q}`),s.canvas("cell",h,h,`mean map of ${j[h]} answered right`),s.canvas("difference",h,h,`${j[h]}: right less wrong`),c("span.figure",C.toLocaleString("en")),c("span.note",`${ee(P,0)} of them`)),I(V,v,"click",()=>o.show({label:[h],prediction:[K]},"")),[v,()=>{}]});function p(){let{table:h}=e;if(!h)return;let K=h.classes.length,C=K>Ue;C&&h.done+h.failed===h.count&&e.read("order"),m(s.shown?"maps":"counts",s.closed()),re(l,s.words()),L(y,{_maps:s.shown&&!!e.means}),Z(f,s.shown&&e.means?"Taken for another: mean maps of these, of right ones, and right − wrong":"Taken for another");let P=`${h.answered} ${e.order?.length} ${b}`;if(P===A){s.paint();return}A=P,s.forget();let _=Lt(h),V=Tt(_,K),j=V.reduce((T,{count:H})=>T+H,0),q=e.order?[...e.order]:h.classes.map((T,H)=>H),v=`${j.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;Z(i,C?`${v} ${K.toLocaleString("en")} classes in ${Math.min(Ue,K)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${v} Labels down, answers across; a cell, a row or a column shows its pictures. Arrow keys walk.`),C?S(Bt(_,q,Ue),h.classes,!0):S(Bt(_,h.classes.map((T,H)=>H),Ue),h.classes,!1),C&&y.append(u);let N=b?Ot:Ge;x(V.slice(0,N));let $=V.slice(N).reduce((T,{count:H})=>T+H,0),O=(V.length-N).toLocaleString("en");re(a,$?`and ${$.toLocaleString("en")} in ${O} other confusions`:""),M.hidden=V.length<=Ge,Z(M,b?"Fewer":`Show ${Math.max(0,Math.min(Ot,V.length)-Ge)} more`),s.paint()}let w=()=>[...n.rows].map(h=>[...h.querySelectorAll("button")]);function k(h,K){let C=w(),P=C[h]?.[K];for(let _ of C.flat())_.tabIndex=_===P?0:-1;return P}I(t,n,"keydown",h=>{let C={ArrowRight:[0,1],ArrowLeft:[0,-1],ArrowDown:[1,0],ArrowUp:[-1,0]}[h.key];if(!C||we(h))return;let P=w(),_=P.findIndex(q=>q.includes(h.target));if(_<0)return;let V=P[_].indexOf(h.target),j=q=>+(q===0);do{let q=V+j(_);_+=C[0],V=q+C[1]-j(_)}while(P[_]?.[V]?.disabled);P[_]?.[V]&&k(_,V).focus(),ie(h)});function S({counts:h,bundles:K},C,P){let _=h.map($=>$.reduce((O,T)=>O+T,0)),V=$=>$.length>1?`${C[$[0]]} and ${$.length-1} more`:C[$[0]],j=($,O)=>(I(t,$,"click",()=>o.show(O,"")),$),q=K.map($=>c("th",{scope:"col"},j(c("button.turned",{title:`answers: ${V($)}`},P?"":V($)),{prediction:$}))),v=h.map(($,O)=>{let T=K[O],H=j(c("button.side",{title:`labels: ${V(T)}`},V(T)),{label:T}),D=$.map((R,J)=>{let G=_[O]?R/_[O]:0,B=O===J,W=`${V(T)}, answered ${V(K[J])}: ${R}`,le=c("button.cell",{title:W,$label:W,disabled:!R},P||!R?"":String(R)),E=P?100:58;le.style.setProperty("--xw-weight",`${Math.round(E*Math.sqrt(G))}%`),!P&&R&&le.prepend(s.canvas("cell",T[0],K[J][0],"")),L(le,{_right:B});let U={label:T,prediction:K[J]};return c("td",j(le,P&&B?{...U,correct:!1}:U))});if(!P){let R=`${V(T)}: where evidence lies in right answers and not in wrong ones`,J=c("span.cell",{title:R,role:"img",$label:R});J.append(s.canvas("difference",T[0],T[0],"")),D.push(c("td.less",J))}return c("tr",c("th",{scope:"row"},H),...D)}),N=P?[]:[c("th.less",{scope:"col"},c("span.turned","right − wrong"))];n.replaceChildren(c("tr",c("td"),...q,...N),...v),k(0,0),L(n,{_many:P}),n.style.setProperty("--xw-n",String(K.length))}return[y,p]}var vn=5e3,Ut=160,Ft=112;function Qt(t,e,o){let[n,r]=[c("p.facts"),c("p.facts")],i=c(".groupcards"),a=c("button.wide",{_control:"group"}),l="features",[u,s]=se(t,"Alike by","groups-of",[["features","what it looks at","The layer's features, weighted by the map"],["maps","where it looks","The maps themselves, made 16 x 16"]],p=>{l=p,g()});I(t,a,"click",g);let d,m=()=>JSON.stringify([e.looks.filter,e.looks.slice]);function g(){d=m(),e.group(l)}let M=c(".groups",c(".tools2",u,c("span.spring"),a),n,i,r);function f({mask:p}){let w=e.table,k=w.codes("prediction"),S=new Map,[h,K]=[0,-1];for(let P=0;P<p.length;P++){if(!p[P])continue;h++;let _=(S.get(k[P])??0)+1;S.set(k[P],_),_>(S.get(K)??0)&&(K=k[P])}let C=(S.get(K)??0)/(h||1);return K<0?"":C<.3&&S.size>3?`${S.size.toLocaleString("en")} different answers`:`${ee(C,0)} answered ${w.classes[K]??K}`}let y=me(t,i,(p,w,k)=>{let S=c("canvas.meanmap",{$hidden:"true"});Object.assign(S,{width:Ut,height:Ut});let h=p.first.map(()=>c("canvas",{$hidden:"true"}));for(let j of h)Object.assign(j,{width:Ft,height:Ft});let[K,C]=[c("span"),c("span",mt(p.count))],P=ee(p.count/(e.groups?.of_rows||p.count),0),_=c("button.groupcard",{_group:w},S,c(".about2",c("b",p.title,c("span.note",` ${P}`)),C,c("span",f(p)),K,c(".near",...h)));if(I(k,_,"click",()=>o.show({},p.id)),p.accuracy!==null){let j=p.count,q=(p.interval??Nt(p.accuracy*j,j)).map(v=>ee(v,0));Z(K,`${ee(p.accuracy,0)} right [${q.join(", ")}]`)}let V="";return[_,()=>{L(_,{$pressed:String(e.looks.slice===p.id)});let j=JSON.stringify({...e.looks,chosen:0,row:0});if(j!==V){let q=e.groups?.mean[w];q&&Re(S,q,e.looks)}p.first.forEach((q,v)=>{let N=e.pictures.bitmap(q),$=h[v];if(!N||$.dataset.xwLook===j)return;let O=e.looks.maps?e.pictures.sprite(q)?.map:void 0;Se($,N,O,e.looks),L($,{_look:j})}),V=j}]}),A=[],b;function x(){let{table:p,groups:w,frozen:k,rows:S}=e;if(!p||e.looks.view!=="groups")return;let h=p.done+p.failed===p.count,K=e.busy("groups")||w||e.words("groups");h&&!K&&!k&&S.length&&S.length<=vn&&g();let C=S.length.toLocaleString("en");Z(a,S.length===1?"Group it":`Group the ${C} pictures that are shown`),a.hidden=k||w?.of_rows===S.length&&(d??m())===m(),a.disabled=!S.length||e.busy("groups"),s(w?.of??l,k?"not in this saved page":null);let P=w?.stability,_=P==null?"They are one group: no gap parts them.":`Drawn again from 80 % of them, the groups agree to ${ce(P).replace("+","")} of 1.`,V=k?"Groups are not in this saved page: they were not made before.":h?"":"Groups are made by themselves once all pictures are explained.",j=w?.of_rows.toLocaleString("en");re(n,e.busy("groups")?"Looking for groups …":e.words("groups")||(w?`The maps of ${j} pictures. ${_}`:V)),re(r,w?`${w.words} A group that is nearly always right and looks at one place is worth a suspicion. A map alone is no proof: cover the place.`:"");let v=w?e.sets("groups"):[];b!==w&&(b=w,A=v.flatMap(({first:N})=>N)),e.wantAlso(A,"groups");for(let N of y(v,w))N()}return[M,x]}function Ht(t,e,o){let n=c("button.link.back",{_control:"back"},"← Back to the pictures"),r=c("span.facts"),[i,a]=se(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],f=>o.open(f)),l=c("p.nothing",{hidden:!0}),u=c(".place"),s=c(".inplace",{hidden:!0},c(".tools2",n,r,c("span.spring"),i),l,u),d;I(t,n,"click",M),t.addEventListener("abort",()=>d?.());function m(f,y){s.hidden=!1,a(f),Z(r,y),re(l,"Opening …"),d?.(),d=void 0,u.replaceChildren(),n.focus({preventScroll:!0})}async function g(f){if(!s.hidden){if(f.words)return re(l,f.words);try{let y=await e.widget_manager.get_model(f.model),A=new Blob([String(y.get("_esm"))],{type:"text/javascript"}),b=URL.createObjectURL(A),x=(await import(b)).default;URL.revokeObjectURL(b);let p=c("");u.replaceChildren(p);let w=p.attachShadow({mode:"open"}),k=document.createElement("style");k.textContent=String(y.get("_css"));let S=document.createElement("div");w.append(k,S);let h=new AbortController;x.render({model:y,el:S,signal:h.signal}),d=()=>h.abort(),re(l,"")}catch(y){re(l,`This host cannot show a viewer in place (${y}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function M(){s.hidden||(d?.(),d=void 0,u.replaceChildren(),s.hidden=!0,o.closed())}return{element:s,wait:m,take:g,close:M,isOpen:()=>!s.hidden}}var kn=.08;function We(t,e,o){return{low:t,high:e,peak:o,tail:o>Math.max(-t,e)?kn:0}}var Dt=({low:t,high:e,tail:o})=>[t<0?o:0,e>0?o:0];function fe(t,e){let{low:o,high:n,peak:r}=t,[i,a]=Dt(t);return e>n?1-a+a*Y((e-n)/(r-n||1),0,1):e<o?i*(1-Y((o-e)/(r+o||1),0,1)):i+(1-i-a)*((e-o)/(n-o||1))}function Ke(t,e){let{low:o,high:n,peak:r}=t,[i,a]=Dt(t),l=Y(e,0,1);return a&&l>1-a?n+(l-1+a)/a*(r-n):i&&l<i?o-(1-l/i)*(r+o):o+(l-i)/(1-i-a)*(n-o)}function Vt({nativeValues:t,nativeCounts:e},o){let n=0;for(let r=0;r<t.length;r++)e[r]&&(n=Math.max(n,Math.abs(Ae(t[r],o))));return n}function jt(t,e,o,n){let r=l=>Oe(t,l/10,o),[i,a]=[10*n,1e3];for(;a-i>1;){let l=i+a>>1;r(l)<e?i=l:a=l}return(e-r(i)<r(a)-e?i:a)/10}function zt(t,e,o,n){let r=new Array(n).fill(0);if(t.high<=t.low)return r;for(let a=0;a<e.values.length;a++){let l=e.values[a];if(!Ae(l,o))continue;let[u,s]=[t.low<0&&t.high>0,Math.abs(l)],d=u?l:t.low<0?-s:s,m=fe(t,d);r[Math.min(n-1,Math.floor(m*n))]+=e.counts[a]}let i=Math.max(...r,1);return r.map(a=>Math.sqrt(a/i))}var Ze=90,Mn={threshold:"Threshold: drag, or arrow keys; double click resets",clip:"Where colours end: drag, or arrow keys; double click resets"},An={threshold:[.01,.1],clip:[.1,1]};function Jt(t,e){return o=>{let n=(f,y,A,b)=>c(`.barend.bar${f}`,{role:"slider",tabindex:0,title:Mn[f],$label:y,$valuemin:A,$valuemax:b,_control:`bar-${f}`}),r={threshold:n("threshold","Threshold on the colour bar",0,100),clip:n("clip","Clip on the colour bar",Ze,100)},i=[c(".barend.mirror"),c(".barend.mirror")],a,l,u,s,d=()=>l&&l.high>0?1:-1,m=f=>f==="clip"?a.most:e.appearance.threshold*a.most;function g(f,y){if(a)if(f==="threshold"){let A=a.most>0?y/a.most:0;e.look("threshold",Math.round(100*Y(A,0,1))/100)}else e.look("clip",jt(a.map,y,e.appearance.sign,Ze))}let M=({clientX:f})=>{let{left:y,width:A}=o.getBoundingClientRect(),b=Ke(l,(f-y)/(A||1));return l.low<0&&l.high>0?Math.abs(b):Math.max(0,d()*b)};I(t,o,"pointerdown",f=>{if(f.button||!a||!l)return;let y=M(f),A=w=>Math.abs(fe(l,d()*m(w))-fe(l,d()*y)),b=A("clip")<A("threshold")?"clip":"threshold";f.target!==r[b]&&(ie(f),r[b].focus({preventScroll:!0})),r[b].setPointerCapture(f.pointerId);let x=new AbortController;u=l,s=void 0;let p=f.clientX;I(x.signal,o,"pointermove",w=>{w.pointerId===f.pointerId&&(Math.abs(w.clientX-p)>2&&(s=b),s&&g(b,M(w)))}),I(x.signal,o,"pointerup pointercancel lostpointercapture",()=>{x.abort(),u=s=void 0,e.look("clip",e.appearance.clip)})});for(let f of["threshold","clip"])I(t,r[f],"dblclick",()=>e.look(f,de[f])),I(t,r[f],"keydown",y=>{let{key:A,shiftKey:b}=y,x=f==="clip"?[Ze,100]:[0,1],p=An[f][b?1:0]*(rt(A)??0),w={Home:x[0],End:x[1]}[A];if(we(y)||!p&&w===void 0)return;ie(y);let k=Y(w??e.appearance[f]+p,x[0],x[1]);e.look(f,+k.toFixed(f==="clip"?1:2))});return{elements:[...i,r.threshold,r.clip],hold:f=>u??f,show(f,y){[a,l]=[f,y];let A=!!f&&f.most>0,{threshold:b,clip:x}=e.appearance;for(let[w,k]of["threshold","clip"].entries()){if(r[k].hidden=!A,i[w].hidden=!A||!(y.low<0&&y.high>0),!A)continue;let S=m(k);r[k].style.left=`${100*fe(y,d()*S)}%`,i[w].style.left=`${100*fe(y,-S)}%`,L(i[w],{_of:k})}L(r.threshold,{$valuenow:Math.round(100*b),$valuetext:`${ee(b,0)}, keeps ${ee(f?.kept??1,0)}`});let p=f?`, ${ce(f.most)}`:"";L(r.clip,{$valuenow:x,$valuetext:`${ee(x/100)}${p}`})}}}}var Ye=80;function Gt(t,e,o,n){let r=c("canvas.ramp",{_canvas:"bar"}),i=be("","xw-spread",`0 0 ${Ye} 1`),a=Ne("path",{class:"xw-cut"});i.append(a);let l=c(".mark",{hidden:!0}),[u,s]=[c("span"),c("span")],d=p=>e.look("colormap",p),m=xe(t,o,"Colormap","colormap","plain",d,()=>d("auto")),g=c(".ends",u,m.element,s),M=c(".rampbox",i,r,l),f=c(".colourbar",M,g),y=n?.(M);y&&M.append(...y.elements);let A=We(0,0,0);function b(p){let{colormap:w,threshold:k,sign:S}=e.appearance,h=p?.map.signed??e.method?.signed??!1,{name:K,diverging:C,title:P}=Me(w,h),_=p?.most??0,V=h&&S!=="positive"&&(C||S==="negative")?-1:0,j=h&&S==="negative"?0:1,q=y&&p?Vt(p.map,S):0,v=We(V*_,j*_,q);A=y&&p?y.hold(v):v;let N=B=>_>0?Y(Ke(A,B)/_,-1,1):V+(j-V)*B;je(r,256,B=>Sn(K,C,N(B/255),k));let $=p?zt(A,p.map,S,Ye):[],O=B=>Math.abs(Ke(A,(B+.5)/Ye))<k*_,T=B=>`M0 1${$.map((W,le)=>`V${B(le)?(1-W).toFixed(3):1}H${le+1}`).join("")}V1Z`;L(i.firstElementChild,{d:p?T(B=>!O(B)):""}),L(a,{d:p&&k?T(O):""});let H=v.tail>0;Z(u,p?(H&&V?"≤ ":"")+ce(v.low):""),Z(s,p?(H&&j?"≥ ":"")+ce(v.high):""),y?.show(p,A);let D=e.shown?.range.map(ce).join(" to ");L(f,{_low:v.low,_high:v.high}),L(g,{title:D?`Values: ${D}`:null});let R=Me("auto",h),J=_e.map(B=>{let W=B.diverging?"Two-sided":"One-sided";return{value:B.name,label:B.title,group:W,swatch:()=>qt(B.name)}}),G={value:"auto",label:"Automatic",group:"By sign"};J.unshift({...G,swatch:()=>qt(R.name)}),m.show(J,w,P)}function x(p){l.hidden=p===null||A.high<=A.low,l.style.left=`${100*Y(fe(A,p??0),0,1)}%`}return[f,b,x]}function Sn(t,e,o,n){let r=3*Je(o,e);return[...ke(t).subarray(r,r+3),Math.abs(o)<n?40:255]}function qt(t){let e=c("canvas.swatch"),o=ke(t);return je(e,64,n=>[...o.subarray(12*n+3,12*n+6),255]),e}var Kn=1e9;function En(t,e,o,n){let r=c("input.range",{type:"range",$label:e,_control:o});return I(t,r,"input",()=>n(+r.value)),{range:r,show(i,a,l,u,s=!1){L(r,{min:a,max:l,$valuetext:u,disabled:s}),r.value=String(i),r.style.setProperty("--xw-share",`${100*(i-a)/(l-a||1)}%`)}}}function $n(t,e,o,n,r){let{least:i,most:a,step:l,initial:u,format:s,rest:d,spoken:m,factor:g=1,whole:M}=n,{range:f,show:y}=En(t,e,o,h=>k(h,!1));L(f,{step:l});let A=c("input.number",{inputmode:"decimal",autocomplete:"off",$label:`${e}, number`,_number:o}),b=u,x=null;function p(h,K=!1){b=h;let C=d?.()??s(h);x===null&&(A.value=C),A.disabled=K;let P=m?`${s(h)}. ${m()}`:C;y(h,i,a,d?`${s(h)}, ${C}`:P,K)}function w(){A.value=x=s(b)}function k(h,K){p(h),x!==null&&w(),r(h,K)}function S(){let h=ft(A.value);if(h===null||A.value===x)return;let K=Y(h/g,i,a);k(M?Math.round(K):K,!0)}I(t,f,"change",()=>k(+f.value,!0));for(let h of[f,A])I(t,h,"dblclick",()=>k(u,!0));return I(t,A,"focus",()=>{w(),A.select()}),I(t,A,"blur",()=>{S(),x=null,p(b)}),I(t,A,"keydown",h=>{if(h.key==="Enter")S();else if(h.key!=="Escape")return;w(),A.select()}),{range:f,field:A,show:p}}function Fe(t,e,o,n,r,i=""){let{range:a,field:l,show:u}=$n(t,e,o,n,r),s=n.most-n.least>=Kn;return[Le(e,i,s?c("span"):a,l),u]}var Xe={least:0,most:1,step:.01,factor:100,format:t=>ee(t,0)};function Wt(t,e){let o={...Xe,initial:de.opacity};return Fe(t,"Opacity","opacity",o,n=>e.look("opacity",n))}function Zt(t,e){let o=i=>ee(i/100),n={least:90,most:100,step:.1,initial:de.clip,format:o};return Fe(t,"Clip","clip",n,i=>e.look("clip",i),"The percentile where colours end")}var In=["normal","multiply","screen","luminosity"],Nn=[["both","±","For and against"],["positive","+","For the class"],["negative","−","Against the class"]];function Yt(t,e,o){let n=1,[r,i,a]=Gt(t,e,o,Jt(t,e)),[l,u]=Wt(t,e),s=()=>`keeps ${ee(n,0)}`,d={...Xe,initial:de.threshold,rest:s},m=h=>e.look("threshold",h),g="Hides values below this share of the maximum",[M,f]=Fe(t,"Threshold","threshold",d,m,g),[y,A]=Zt(t,e),b=h=>e.look("blend",h),x=xe(t,o,"Blend","blend","blend",b,()=>b(de.blend)),[p,w]=se(t,"Sign","sign",Nn,h=>e.look("sign",h)),k=Le("Blend","",x.element,p),S=h=>{let K=e.appearance,C=K.arrangement==="side_by_side";n=h?.kept??1,u(K.opacity,C),f(K.threshold),A(K.clip);let P=In.map(_=>({value:_,label:ze(_)}));x.show(P,K.blend,ze(K.blend),"",C),w(K.sign),p.hidden=!h?.map.signed,i(h)};return[pt("Appearance",l,M,y,k,r),S,a]}function Xt(t,e,o,n){let r={look:e.look,shown:void 0,get appearance(){return{...e.looks,arrangement:"overlay"}},get method(){return{signed:e.head?.signed??!1}}},[i,a]=Yt(t,r,o);return[i,()=>{i.hidden=!e.looks.maps||!e.table?.done,i.hidden||a(n())}]}var en=5e3,Ln=["correct","label","prediction","loss","probability","slice"],et=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function Tn(t,e){return[tn(t),tn(e)]}function tn(t){let[e,o]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>o&&(o=n);return t.map(n=>.03+.94*(n-e)/(o-e||1))}function nn(t,e,o,n){let r=c("canvas.cloud",{role:"img",_control:"similarity"}),i=c("canvas.cloud",{$hidden:"true"}),[a,l]=[c("p.facts"),c("p.legend2")],u=c(".hover2",{hidden:!0}),s=c(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},r,i,u),d="tsne",m="correct",[g,M]=se(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],v=>{d=v,e.read(d),q()}),f=xe(t,o,"Colour by","colour","prefixed.colour",v=>{m=v,q()}),y=c("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");I(t,y,"click",()=>e.read("tsne",!0));let A=c(".similarity",c(".tools2",f.element,c("span.spring"),g),s,y,l,a),[b,x]=[new Float32Array,new Float32Array],p,w="",k=[],S=!1;function h(){let v=e.table,N=getComputedStyle(o),$=N.getPropertyValue("--xw-point")||"#4477aa",O=N.getPropertyValue("--xw-wrong-ink")||"#d9480f",T=N.getPropertyValue("--xw-faint")||"#bbb";if(m==="correct")return{of:D=>v.correct[D]?$:v.codes("label")[D]===ye?T:O,keys:[["right",$],["wrong",O]]};if(m==="slice"){let D=e.set(e.looks.slice)?.mask,R=e.set(e.looks.slice)?.title??"no slice is shown";return{of:J=>D?.[J]?O:$,keys:[[R,O],["the others",$]]}}let H=v.columns.get(m);if(H?.kind==="number"){let[D,R]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let G of H.data)G<D&&(D=G),G>R&&Number.isFinite(G)&&(R=G);let J=G=>`hsl(${(250-215*G).toFixed(0)} 75% ${(45+8*G).toFixed(0)}%)`;return{of:G=>{let B=(H.data[G]-D)/(R-D||1);return Number.isNaN(B)?T:J(Math.round(12*Math.min(1,Math.sqrt(B)))/12)},keys:[[`${m} ${+D.toPrecision(2)}`,J(0)],[String(+R.toPrecision(3)),J(1)]]}}if(H?.kind==="code"){let D=new Map;for(let B of H.data)B!==ye&&D.set(B,(D.get(B)??0)+1);let R=[...D].sort((B,W)=>W[1]-B[1]).slice(0,et.length-1).map(([B])=>B),J=new Map(R.map((B,W)=>[B,et[W]])),G=R.map((B,W)=>[H.values[B],et[W]]);return D.size>R.length&&G.push(["others",T]),{of:B=>J.get(H.data[B])??T,keys:G}}return{of:()=>$,keys:[]}}function K(){let{clientWidth:v,clientHeight:N}=s,{table:$,mask:O,rows:T}=e;if(!$||!v||!p)return;let H=o.dataset.xwTheme,D=[v,N,d,m,$.version,T.length,e.looks.slice,H,p.length].join();if(D===w&&C===T)return;C=T,w=D;let R=Math.min(devicePixelRatio||1,2);for(let F of[r,i])Object.assign(F,{width:v*R,height:N*R});let J=r.getContext("2d"),{of:G,keys:B}=h(),W=T.length<$.done,le=R*($.done>2e4?1.2:$.done>3e3?1.8:2.8),E=new Map,U=(F,z,Q)=>{let te=E.get(F);te??=new Path2D,E.set(F,te);let[X,ae]=[b[z]*r.width,x[z]*r.height];te.moveTo(X+Q,ae),te.arc(X,ae,Q,0,7)};for(let F=0;F<b.length;F++)Number.isNaN(b[F])||U(`${O[F]?"1":"0"}${G(F)}`,F,O[F]?le:.8*le);for(let F of["0","1"]){J.globalAlpha=F==="0"?W?.14:.6:$.done>2e4?.6:.85;for(let[z,Q]of E)z[0]===F&&(J.fillStyle=z.slice(1),J.fill(Q))}J.globalAlpha=1,l.replaceChildren(...B.map(([F,z])=>{let Q=c("i.dot");return Q.style.background=z,c("span",Q,F)})),P()}let C;function P(){let v=i.getContext("2d");v.clearRect(0,0,i.width,i.height);let N=e.looks.row??-1,$=i.width/(s.clientWidth||1);if(v.lineWidth=2*$,v.strokeStyle=getComputedStyle(o).color,N>=0&&!Number.isNaN(b[N]??Number.NaN)&&(v.beginPath(),v.arc(b[N]*i.width,x[N]*i.height,6*$,0,7),v.stroke()),!(k.length<4)){v.lineWidth=1.2*$,v.setLineDash([4*$,3*$]),v.beginPath();for(let O=0;O<k.length;O+=2)v.lineTo(k[O]*i.width,k[O+1]*i.height);v.closePath(),v.stroke(),v.setLineDash([])}}let _=({clientX:v,clientY:N})=>{let{left:$,top:O,width:T,height:H}=s.getBoundingClientRect();return[(v-$)/T,(N-O)/H]};function V(v,N){let[$,O]=[s.clientWidth,s.clientHeight],[T,H]=[-1,12**2],{mask:D}=e;for(let R=0;R<b.length;R++){let J=((b[R]-v)*$)**2+((x[R]-N)*O)**2;J<H&&D[R]&&([T,H]=[R,J])}return T}I(t,s,"pointerdown",v=>{v.button||(S=!0,k=_(v),s.setPointerCapture(v.pointerId))}),I(t,s,"pointermove",v=>{if(S){k.push(..._(v)),P();return}let N=V(..._(v));if(u.hidden=N<0,N<0)return;let{table:$}=e,O=$.word("label",N),T=$.word("prediction",N);Z(u,O&&O!==T?`${T}, labelled ${O}`:T),u.style.cssText=`left:${100*b[N]}%;top:${100*x[N]}%`,L(u,{_late:b[N]>.6})}),I(t,s,"pointerleave",()=>{u.hidden=!0}),I(t,s,"pointerup pointercancel",v=>{if(!S)return;S=!1;let N=k;if(k=[],N.length<12){let $=V(..._(v));$>=0&&n.choose($)}else{let $=Ct(b,x,e.mask,N);$.length&&n.lasso($),n.speak(`${$.length} pictures within the lasso`)}P(),ie(v)}),I(t,s,"keydown",v=>{let[N,$]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[v.key]??[0,0];if(!N&&!$)return;let O=e.looks.row??e.rows[0]??-1,[T,H]=[-1,Number.POSITIVE_INFINITY];for(let D=0;D<b.length;D++){let[R,J]=[b[D]-b[O],x[D]-x[O]],G=R*N+J*$,B=Math.abs(R*$)+Math.abs(J*N);D===O||!e.mask[D]||G<=0||B>G||G+2*B<H&&([T,H]=[D,G+2*B])}T>=0&&n.choose(T),ie(v)});let j=new ResizeObserver(K);j.observe(s),ue(t,()=>j.disconnect());function q(){let{table:v,frozen:N,head:$}=e;if(!v||e.looks.view!=="similarity")return;let O=v.done+v.failed===v.count;O&&e.read(v.count<=en?"tsne":"pca");let T=["tsne","pca"].filter(W=>e.points(W));T.length&&!T.includes(d)&&(d=T[0]);let H=e.points(d);M(d,N?"not in this saved page":null),H&&H[0]!==p&&(p=H[0],[b,x]=Tn(...H));let D=($?.metadata??[]).filter(W=>v.columns.get(W)?.kind!=="text"),R=[...Ln,...D].map(W=>({value:W,label:W==="correct"?"right or wrong":W}));f.show(R,m,R.find(({value:W})=>W===m)?.label??m);let J=e.busy("tsne")||e.busy("pca");y.hidden=N||!O||v.count<=en||e.known("tsne")||!!e.points("tsne"),y.disabled=e.busy("tsne"),s.hidden=!H;let G=N?"Similarity is not in this saved page: it was not worked out before.":O?"":"Similarity is worked out when all pictures are explained.";re(a,J?"Placing the pictures …":e.words(d)||(H?"Draw around points to keep them. What lies far apart says little.":G)),L(r,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),K(),p&&P()}return[A,q]}var on=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
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

  /* The evidence of a suspicion, beside its control. */
  .xw-evidence,
  .xw-experiments {
    margin: 2px 0 8px;
    padding-left: 10px;
    border-left: 2px solid var(--xw-wrong);
    font-size: 12px;
  }
  .xw-experiment {
    display: grid;
    grid-template-columns: 84px 1fr;
    gap: 6px;
    align-items: center;
    color: var(--xw-muted);
    font-size: 11px;
  }
  .xw-track {
    display: flex;
    gap: 6px;
    align-items: center;
    white-space: nowrap;
  }
  .xw-amount {
    min-width: 1px;
    height: 8px;
    border-radius: 2px;
    background: var(--xw-muted);
  }
  .xw-amount[data-xw-kind="brand"] {
    background: var(--xw-wrong);
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
    --xw-most: 62px;
    --xw-beside: 740px;
    --xw-cell: clamp(
      var(--xw-least),
      calc((100cqw - var(--xw-beside)) / var(--xw-n) - 2px),
      var(--xw-most)
    );
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
  .xw-confusion > h3 {
    margin-top: 14px;
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
  .xw-confusion[data-xw-maps] .xw-matrix:not([data-xw-many]) {
    --xw-most: 120px;
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
  .xw-groups .xw-tools2 {
    margin-bottom: 8px;
  }
  .xw-groups .xw-tools2 .xw-wide {
    width: auto;
    margin: 0;
  }
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
    --xw-most: 40px;
    --xw-beside: 430px;
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-most: 40px;
    --xw-beside: 190px;
  }
}
`;function Pn(t,e,o){let{signal:n,root:r,model:i,speak:a}=t,l=new CSSStyleSheet;l.replaceSync(on);let u=r.getRootNode();u.adoptedStyleSheets=[...u.adoptedStyleSheets,l],ue(n,()=>{u.adoptedStyleSheets=u.adoptedStyleSheets.filter(m=>m!==l)});let s=It(n,e,o),d=Qt(n,e,o);return{chosen:s,groups:d,save:wt(n,r,e,a,()=>[null,["study",e.head?.name]],!0),looks:Xt(n,e,r,s.painted),confusion:Rt(n,e,o),similarity:nn(n,e,r,{lasso:m=>e.where("rows",m),choose:o.choose,speak:a}),viewer:Ht(n,i,o),arrived(){s.paint(),d[1]()}}}export{Pn as default};
